"""A revision that fails: an error with its place and its reason, and a complete rollback."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Project

TYPO = 'op.execute("CREATE TABLE half (id integer)")\nop.execute("SELECT no_such_column")'
VERSION = "SELECT version_num FROM alembic_version"


@pytest.fixture
def typo(project: Project) -> Path:
    """Add a sound revision, a failing one and one after it; return the failing one's file."""
    project.add("make things", upgrade='op.execute("CREATE TABLE things (id integer)")')
    path: Path = project.add("make a typo", upgrade=TYPO)
    project.add("never", upgrade='op.execute("CREATE TABLE never (id integer)")')
    return path


def test_failing_revision_is_rolled_back_entirely(project: Project, typo: Path) -> None:
    """Nothing of it is left, the ones before it stay, and `current` names the last of those."""
    project.failure("upgrade", "head")

    assert project.tables == {"things"}
    assert project.query(VERSION) == ["r1"]
    assert "r1" in project.alembic("current")


def test_failing_revision_is_reported(project: Project, typo: Path) -> None:
    """The error names the revision, the line of its file, SQLSTATE, statement, and the state."""
    text = project.failure("upgrade", "head")

    assert text.startswith("upgrade of r2 (make a typo) failed: column ")
    assert '"no_such_column" does not exist' in text
    assert "(SQLSTATE 42703)" in text
    assert f"where: {typo}:11\n" in text
    assert "statement: SELECT no_such_column\n" in text
    assert "now: the revision is rolled back, the database is at r1\n" in text
    assert text.endswith("help: correct it and run the command again")


def test_first_revision_fails(project: Project) -> None:
    """Then not even the version table is left, and the database is at base."""
    project.add("make a typo", upgrade=TYPO)

    assert "the database is at base" in project.failure("upgrade", "head")

    assert project.query("SELECT count(*) FROM pg_class WHERE relname = 'alembic_version'") == [0]


def test_command_line_prints_it_once(project: Project, typo: Path) -> None:
    """Alembic's own command line prints the error without a traceback and exits non-zero."""
    process = project.start("upgrade", "head")
    out, err = process.communicate(timeout=60)

    assert process.returncode != 0
    assert (out + err).count('no_such_column" does not exist') == 1
    assert "FAILED: upgrade of r2" in out
    assert "Traceback" not in out + err
    assert err == ""
    assert out.splitlines()[1].startswith("  upgrade  r1  make things  ")


def test_fixed_revision_goes_on_from_there(project: Project, typo: Path) -> None:
    """After the file is corrected, the same command does the rest."""
    project.failure("upgrade", "head")
    typo.write_text(typo.read_text().replace("SELECT no_such_column", "SELECT 1"))

    assert "r1 -> r3 on " in project.alembic("upgrade", "head")


def test_failing_downgrade(project: Project) -> None:
    """The error is the same, and the database stays where it was."""
    project.add("stay", downgrade=TYPO)
    project.alembic("upgrade", "head")

    text = project.failure("downgrade", "base")

    assert text.startswith("downgrade of r1 (stay) failed: ")
    assert "the database is at r1" in text
    assert project.query(VERSION) == ["r1"]


def test_irreversible_downgrade(project: Project) -> None:
    """NotImplementedError is a refusal: the error gives the revision and its reason."""
    project.add("begin")
    path = project.add("merge accounts", downgrade='raise NotImplementedError("names are lost")')
    project.alembic("upgrade", "head")

    text = project.failure("downgrade", "base")

    assert text.startswith("downgrade of r2 (merge accounts) refuses: names are lost\n")
    assert f"where: {path}:14\n" in text
    assert "the database is at r2" in text


@pytest.mark.parametrize(
    ("direction", "raised"),
    [
        ("downgrade", "raise RuntimeError(irreversible)"),
        ("downgrade", "op.execute('SELECT no_such_column')"),
        ("upgrade", "raise NotImplementedError(irreversible)"),
    ],
)
def test_another_failure_is_no_refusal(project: Project, direction: str, raised: str) -> None:
    """Also of a revision that is declared irreversible, only the declared refusal counts as one."""
    path = project.add("merge accounts", **{direction: raised})
    path.write_text(path.read_text() + '\n\nirreversible = "names are lost"\n')
    if direction == "downgrade":
        project.alembic("upgrade", "head")

    text = project.failure(direction, "head" if direction == "upgrade" else "base")

    assert text.startswith(f"{direction} of r1 (merge accounts) failed: ")


@pytest.mark.parametrize(
    ("raised", "shown"),
    [
        ('{}["missing"]', "failed: KeyError: 'missing'"),
        ('raise RuntimeError("three boards hang on it")', "failed: three boards hang on it"),
        ('raise RuntimeError(" ")', "failed: RuntimeError"),
    ],
)
def test_revision_that_raises_something_else(project: Project, raised: str, shown: str) -> None:
    """A revision's own message is shown as it is, another error with its type."""
    path = project.add("raise", upgrade=raised)

    text = project.failure("upgrade", "head")

    assert f"upgrade of r1 (raise) {shown}\n  where: {path}:10\n" in text


def test_exception_that_wraps_a_servers_error(project: Project) -> None:
    """A revision that replaces a server's error by its own message has that message shown."""
    body = (
        "try:\n    op.execute('SELECT no_such_column')\n"
        "except Exception as error:\n    raise RuntimeError('install it first') from error"
    )
    project.add("explain", upgrade=body)

    text = project.failure("upgrade", "head")

    assert "failed: install it first\n" in text
    assert "no_such_column" not in text


def test_swallowed_error(project: Project) -> None:
    """A transaction that an earlier error aborted says what to look for."""
    body = (
        "try:\n    op.execute('SELECT no_such_column')\nexcept Exception:\n    pass\n"
        "op.execute('SELECT 1')"
    )
    project.add("swallow", upgrade=body)

    text = project.failure("upgrade", "head")

    assert "SQLSTATE 25P02" in text
    assert "op.get_bind().begin_nested()" in text


def test_autocommit_block_stays(project: Project) -> None:
    """The error says so when a part of the failed revision is committed already."""
    project.add("make things", upgrade='op.execute("CREATE TABLE things (id integer)")')
    body = (
        'op.execute("CREATE TABLE before (id integer)")\n'
        "with op.get_context().autocommit_block():\n"
        '    op.execute("CREATE INDEX CONCURRENTLY x ON things (no_such_column)")'
    )
    project.add("index", upgrade=body)

    text = project.failure("upgrade", "head")

    assert "the database is at r1, and what the revision did before and in its autocommit" in text
    assert "rolled back" not in text
    assert project.tables == {"things", "before"}


def test_failure_at_commit(project: Project) -> None:
    """A deferred constraint that fails at commit rolls the whole revision back."""
    body = (
        'op.execute("CREATE TABLE a (id integer PRIMARY KEY)")\n'
        'op.execute("CREATE TABLE b (id integer REFERENCES a DEFERRABLE INITIALLY DEFERRED)")\n'
        'op.execute("INSERT INTO b VALUES (1)")'
    )
    project.add("defer", upgrade=body)

    text = project.failure("upgrade", "head")

    assert "upgrade of r1 (defer) failed: " in text
    assert "SQLSTATE 23503" in text
    assert "the revision is rolled back" in text
    assert project.tables == set()


@pytest.mark.parametrize(
    ("command", "call"),
    [("upgrade", "sys.exit(0)"), ("downgrade", "sys.exit(0)"), ("upgrade", "os._exit(0)")],
)
def test_a_revision_that_ends_the_process_fails(project: Project, command: str, call: str) -> None:
    """`sys.exit(0)` is a failure of that revision, which is rolled back, and no success."""
    body = f'import os, sys\nop.execute("CREATE TABLE left_over ()")\n{call}'
    project.add("exits", **{command: body})
    if command == "downgrade":
        project.alembic("upgrade", "head")

    text = project.failure(command, "head" if command == "upgrade" else "base")

    assert f"{command} of r1 (exits) failed: it ends the process, {call}, instead" in text
    assert f"{project.versions}/20260101_000001_exits.py:" in text
    assert "left_over" not in project.tables


def test_a_script_has_no_database(project: Project) -> None:
    """An error in `--sql` says nothing about a database; the same one in an upgrade does."""
    project.add("raise", upgrade='raise RuntimeError("no")')

    text = project.failure("upgrade", "head", sql=True)

    assert "upgrade of r1 (raise) failed: no" in text
    assert "now:" not in text
    assert "now: the revision is rolled back" in project.failure("upgrade", "head")
