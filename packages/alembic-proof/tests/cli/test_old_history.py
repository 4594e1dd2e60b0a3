"""An old history with something of everything, whose merged files stay as they are."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Open = Callable[[str], Path]
Run = Callable[..., tuple[int, str, str]]


def _settings(root: Path, change: Callable[[str], str]) -> None:
    path = root / "pyproject.toml"
    before = path.read_text(encoding="utf-8")
    after = change(before)
    assert after != before
    path.write_text(after, encoding="utf-8")


def _without(key: str) -> Callable[[str], str]:
    def change(text: str) -> str:
        lines = text.splitlines(keepends=True)
        return "".join(line for line in lines if not line.startswith(f"{key} = "))

    return change


def test_with_its_settings_only_notes_are_left(
    open_case: Open, run: Run, expected: Callable[[Path, str], str]
) -> None:
    """What is excepted, skipped or not reached is said, and fails nothing, with --sql neither."""
    root = open_case("adopting/old")

    code, out, err = run("roundtrip", "--offline-sql")

    assert out == expected(root, out)
    assert (code, err) == (0, "")


@pytest.mark.parametrize(
    ("key", "code", "said"),
    [
        (
            "start_revision",
            1,
            "error: revision-fails\n  0001: its upgrade fails: RuntimeError: the file that made them is lost",
        ),
        ("rows", 0, "users: not filled"),
        ("without_rows", 0, "note: not-filled\n  0006: secrets: not filled"),
        (
            "ignore",
            1,
            "error: not-restored\n  0005: after its downgrade: index public.ix_audit_users: unexpected",
        ),
        ("0002", 1, "error: rows-lost\n  0002: users.legacy: 1 of 1 values gone after downgrade"),
        ("0003", 1, "warning: downgrade-refuses\n  0003: its downgrade refuses: posts are forever"),
        (
            "0004",
            1,
            "error: not-restored\n  0004: after its downgrade: index public.ix_posts_search: unexpected",
        ),
    ],
)
def test_each_setting_is_needed(open_case: Open, run: Run, key: str, code: int, said: str) -> None:
    """Without the setting, the round trip reports what the setting suppresses."""
    _settings(open_case("adopting/old"), _without(key))

    found, out, _ = run("roundtrip")

    assert said in out
    assert found == code


def test_a_start_needs_its_sql(open_case: Open, run: Run) -> None:
    """A database is at a revision when something has led it there."""
    _settings(open_case("adopting/old"), _without("start_sql"))

    code, out, err = run("roundtrip")

    assert (code, out) == (2, "")
    assert "start_revision in [tool.alembic-proof] needs start_sql" in err


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"0001"', '"0009"', "there is no revision '0009'"),
        ("0003 = {", "0009 = {", "exceptions in [tool.alembic-proof] names 0009"),
        ("0004 = ", "0009 = ", "skip in [tool.alembic-proof] names 0009"),
        ("start.sql", "stop.sql", "cannot read the SQL file"),
        ("shop_rows:rows", "shop_rows:row", "rows = 'shop_rows:row' cannot be loaded"),
        ("shop_rows:rows", "shop_rows:rows.__name__", "rows = 'shop_rows:rows.__name__' fails"),
        ("shop_rows:rows", "json:JSONDecoder", "rows = 'json:JSONDecoder' returns no rows"),
        ("index:public", "public", "is not of the form kind:name"),
    ],
)
def test_a_setting_that_is_wrong_is_one_clear_error(
    open_case: Open, run: Run, old: str, new: str, said: str
) -> None:
    """Instead of a proof of something else."""
    _settings(open_case("adopting/old"), lambda text: text.replace(old, new))

    code, out, err = run("roundtrip")

    assert (code, out) == (2, "")
    assert said in err


@pytest.mark.parametrize("key", ["without_rows", "rows"])
def test_a_table_that_never_exists_is_a_finding(open_case: Open, run: Run, key: str) -> None:
    """It was mistyped, or has gone; a note only where a skipped revision may have made it."""
    root = open_case("adopting/old")
    if key == "without_rows":
        _settings(root, lambda text: text.replace('["secrets"', '["secrets", "audti"'))
    else:
        rows = (root / "shop_rows.py").read_text(encoding="utf-8")
        (root / "shop_rows.py").write_text(rows.replace("{", '{"audti": [], ', 1), encoding="utf-8")
    said = f"{key} names audti, but no revision creates that table"

    code, out, _ = run("roundtrip")
    assert (code, f"note: names-no-table\n  {said}" in out) == (0, True), out
    _settings(root, lambda text: text[: text.index("[tool.alembic-proof.skip]")])
    code, out, _ = run("roundtrip")

    assert (code, f"warning: names-no-table\n  {said}" in out) == (1, True), out
    assert "names secrets" not in out
    for some in (("0005:",), ("--rows", "0")):
        code, out, _ = run("roundtrip", *some)
        assert (code < 2, said in out) == (True, False), out


def test_a_revision_before_the_start_is_no_proof(open_case: Open, run: Run) -> None:
    """Selected alone, it does not look like a clean proof."""
    open_case("adopting/old")

    code, out, _ = run("roundtrip", "0001")

    assert (
        code,
        "warning: not-proved\n  1 revision is not proved: the database starts" in out,
    ) == (1, True), out


def test_a_column_that_never_exists_is_a_finding(open_case: Open, run: Run) -> None:
    """Otherwise its values would be dropped without a message."""
    root = open_case("adopting/old")
    rows = (root / "shop_rows.py").read_text(encoding="utf-8")
    (root / "shop_rows.py").write_text(re.sub(r"\[\s*\{", '[{"nmae": "x", ', rows, count=1))

    _, out, _ = run("roundtrip")

    assert re.search(
        r"note: names-no-column\n  rows has a value for \w+\.nmae, but no revision creates that column",
        out,
    ), out
    assert out.count("names-no-column") == 1


def test_an_exception_that_is_not_needed_is_a_finding(open_case: Open, run: Run) -> None:
    """The setting has the effect of a declaration; a pattern that matches nothing is a note."""
    root = open_case("adopting/old")
    _settings(
        root,
        lambda text: (
            text.replace("0003 = {", '0006 = { irreversible = "x" }\n0003 = {')
            .replace("ix_audit_*", "ix_*")
            .replace("ignore = [", 'ignore = ["table:nothing", ')
        ),
    )

    code, out, _ = run("roundtrip")

    assert code == 1
    assert (
        "warning: declared-not-needed\n  0006: declares `irreversible`, but its downgrade restores"
        in out
    )
    assert "note: ignores-nothing\n  ignore = 'table:nothing' matches no change\n" in out


def test_an_exception_holds_for_the_rules_as_well(open_case: Open, run: Run) -> None:
    """A downgrade that only raises is declared, if not in its file; one that does nothing is not."""
    root = open_case("adopting/old")

    _, out, _ = run("lint")
    assert "0003_posts.py" not in out
    assert "0004_search.py" in out
    assert "0005_audit.py" in out

    _settings(root, _without("0003"))
    _settings(root, lambda text: text.replace("0002 = {", '0005 = { lossy = "x" }\n0002 = {'))
    _, out, _ = run("lint")

    assert "0003_posts.py:13: warning: irreversible-undeclared\n  downgrade() only raises" in out
    assert "0005_audit.py" not in out


def test_a_selection_does_not_report_unused_settings(open_case: Open, run: Run) -> None:
    """What was not asked for is neither skipped nor ignored in vain."""
    open_case("adopting/old")

    assert run("roundtrip", "0006") == (0, "round trip: no findings\n", "")


def test_a_shallow_clone_names_the_fetch_command(
    open_case: Open, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One error, with the command; what it says to do helps."""

    def git(directory: Path, *arguments: str) -> None:
        identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        subprocess.run(
            ["git", "-C", str(directory), *identity, "-c", "commit.gpgsign=false", *arguments],
            check=True,
            capture_output=True,
        )

    root = open_case("adopting/old")
    for message in ("first", "second"):
        git(root, "init", "--initial-branch=main")
        git(root, "add", ".")
        git(root, "commit", "--allow-empty", "-m", message)
    git(root, "switch", "-c", "topic")
    path = root / "versions" / "0006_secrets.py"
    path.write_text(f"{path.read_text(encoding='utf-8')}\n# edited\n", encoding="utf-8")
    git(root, "commit", "-am", "topic")
    shallow = tmp_path / "shallow"
    git(tmp_path, "clone", "--depth=1", "--branch=topic", root.as_uri(), str(shallow))
    monkeypatch.chdir(shallow)

    code, out, err = run("roundtrip", "--base-ref", "origin/main")

    assert (code, out) == (2, "")
    [todo] = [line for line in err.splitlines() if line.startswith("  help: git fetch ")]
    git(shallow, *todo.split()[2:])
    assert run("roundtrip", "--base-ref", "origin/main") == (0, "round trip: no findings\n", "")
