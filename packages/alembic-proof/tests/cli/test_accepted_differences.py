"""Parity where some differences are known: ignored by name, or in a baseline."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

Open = Callable[[str], Path]
Run = Callable[..., tuple[int, str, str]]


def _ignore(root: Path, pattern: str) -> None:
    path = root / "pyproject.toml"
    line = f'ignore = ["{pattern}"]\n'
    path.write_text(path.read_text(encoding="utf-8") + line, encoding="utf-8")


def test_an_ignored_difference_is_none(open_case: Open, run: Run) -> None:
    """By kind and name."""
    _ignore(open_case("parity/differs"), "constraint:public.users.ck_*")

    assert run("parity") == (0, "parity: no findings\n", "")


def test_another_difference_is_reported_with_the_unused_pattern(open_case: Open, run: Run) -> None:
    """A pattern that matches nothing is a note."""
    _ignore(open_case("parity/differs"), "index:public.users.ck_*")

    code, out, _ = run("parity")

    assert code == 1
    assert "error: parity\n  constraint public.users.ck_users_name: CHECK" in out
    assert "note: ignores-nothing\n  ignore = 'index:public.users.ck_*' matches no change" in out


def test_a_baseline_holds_each_proof_apart(open_case: Open, run: Run) -> None:
    """What parity accepts is no word on the round trip, and the file keeps both."""
    open_case("parity/differs")
    assert run("parity")[0] == 1

    code, out, _ = run("parity", "--write-baseline", "known.json")
    assert code == 0
    assert "known.json is written; it accepts " in out
    assert out.endswith("parity: 2 notes\n")
    before = Path("known.json").read_text(encoding="utf-8")
    assert run("roundtrip", "--write-baseline", "known.json")[0] == 0

    assert Path("known.json").read_text(encoding="utf-8") == before
    assert run("parity", "--baseline", "known.json")[0] == 0
