"""`--baseline` and `--write-baseline` of a history with findings."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Open = Callable[[str], Path]
Run = Callable[..., tuple[int, str, str]]


def leave_out(root: Path, beginning: str) -> None:
    """Take a line out of the project's settings."""
    path = root / "pyproject.toml"
    before = path.read_text(encoding="utf-8").splitlines(keepends=True)
    after = [line for line in before if not line.startswith(beginning)]
    assert after != before
    path.write_text("".join(after), encoding="utf-8")


def commit(root: Path) -> None:
    """Have git know the project as it is."""
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    for arguments in (("init",), ("add", "."), ("commit", "--allow-empty", "-m", "first")):
        subprocess.run(
            ["git", "-C", str(root), *identity, *arguments], check=True, capture_output=True
        )


def test_a_baseline_fails_on_what_is_new(open_case: Open, run: Run) -> None:
    """Today's findings are written down; later ones fail, and those that went are named."""
    root = open_case("adopting/old")
    leave_out(root, "ignore =")
    assert run("roundtrip")[0] == 1

    assert run("roundtrip", "--write-baseline", "known.json")[0] == 0
    assert run("roundtrip", "--baseline", "known.json")[0] == 0
    leave_out(root, "0003 =")
    code, out, _ = run("roundtrip", "--baseline", "known.json")

    assert code == 1
    assert "warning: downgrade-refuses\n  0003: its downgrade refuses" in out
    assert "0005" not in out
    assert "note: in-the-baseline\n  1 known finding hidden (baseline)" in out
    [known] = json.loads((root / "known.json").read_text(encoding="utf-8"))["findings"]
    assert (known["proof"], known["revision"]) == ("round trip", "0005")

    (root / "versions" / "0005_audit.py").write_text(
        (root / "versions" / "0005_audit.py")
        .read_text()
        .replace("pass", 'op.execute("DROP INDEX ix_audit_users")')
    )
    _, out, _ = run("roundtrip", "--baseline", "known.json")

    assert (
        "note: baseline-outdated\n  in the baseline, but not found any more: 0005 downgrade: after its downgrade"
        in out
    )


def test_a_baseline_that_is_not_there_is_one_clear_error(open_case: Open, run: Run) -> None:
    """Nothing was accepted yet."""
    open_case("adopting/old")

    code, out, err = run("roundtrip", "0006", "--baseline", "known.json")

    assert (code, out) == (2, "")
    assert "cannot read the baseline" in err
    assert "--write-baseline" in err


def test_a_baseline_that_cannot_be_written_is_refused_before_anything_runs(
    open_case: Open, run: Run
) -> None:
    """Nobody waits for a proof whose outcome cannot be kept."""
    root = open_case("adopting/old")

    for place in ("nowhere/known.json", "."):
        code, out, err = run("roundtrip", "0006", "--write-baseline", str(root / place))

        assert (code, out) == (2, "")
        assert "the baseline" in err


def test_findings_are_reported_if_writing_the_baseline_fails(
    open_case: Open, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk may be full by then."""
    root = open_case("adopting/old")
    monkeypatch.setattr("alembic_proof.report.baseline.Baseline.check_files", lambda _: None)

    code, out, _ = run("roundtrip", "--write-baseline", str(root / "nowhere" / "known.json"))

    assert code == 1
    assert "error: baseline-not-written\n" in out
    assert "versions/0002_legacy.py: note: rows-lost\n" in out


def test_where_nothing_has_changed_the_baseline_accepts_nothing_new(
    open_case: Open, run: Run
) -> None:
    """It is written all the same, so that the next run can read it; one that is there stays."""
    root = open_case("adopting/old")
    leave_out(root, "ignore =")
    commit(root)
    new, old = root / "new.json", root / "old.json"
    unchanged = ("roundtrip", "--base-ref", "HEAD")
    assert run("roundtrip", "--write-baseline", str(old))[0] == 0
    before = old.read_text(encoding="utf-8")

    code, out, _ = run(*unchanged, "--write-baseline", str(new))
    assert run(*unchanged, "--write-baseline", str(old))[0] == 0

    assert code == 0
    assert f"note: baseline-written\n  {new} is written; it accepts 0 findings" in out
    assert "note: nothing-proved\n" in out
    assert run(*unchanged, "--baseline", str(new))[0] == 0
    assert run("roundtrip", "--baseline", str(new))[0] == 1
    assert old.read_text(encoding="utf-8") == before
    assert "0005" in before
