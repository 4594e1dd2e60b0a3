"""Every failure is one CommandError that says what happened, where, and what to do."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.util import CommandError
from sqlalchemy.engine import Connection

from alembic_proof.postgres.connect import run_on
from alembic_proof.postgres.url import DatabaseUrl

TYPO = 'op.execute("CREATE TABLE half (id integer)")\nop.execute("SELECT no_such_column")'
VERSION = "SELECT version_num FROM alembic_version"


def failure(project: Any, command: str, *args: str, **options: Any) -> str:
    """The text of the CommandError that the command raises."""
    with pytest.raises(CommandError) as caught:
        project.alembic(command, *args, **options)
    return str(caught.value)


@pytest.fixture
def typo(project: Any) -> Path:
    """A sound revision, one that fails half-way, and one that is never reached; the second's file."""
    project.add("make things", upgrade='op.execute("CREATE TABLE things (id integer)")')
    path: Path = project.add("make a typo", upgrade=TYPO)
    project.add("never", upgrade='op.execute("CREATE TABLE never (id integer)")')
    return path


def test_failing_revision_is_rolled_back_entirely(project: Any, typo: Path) -> None:
    """Nothing of it is left, the ones before it stay, and `current` names the last of those."""
    failure(project, "upgrade", "head")

    assert project.tables == {"things"}
    assert project.query(VERSION) == ["r1"]
    assert "r1" in project.alembic("current")


def test_failing_revision_is_told(project: Any, typo: Path) -> None:
    """The error names the revision, the line of its file, SQLSTATE, statement, and the state."""
    text = failure(project, "upgrade", "head")

    assert text.startswith("upgrade of r2 (make a typo) failed: column ")
    assert '"no_such_column" does not exist' in text
    assert "(SQLSTATE 42703)" in text
    assert f"where: {typo}:11\n" in text
    assert "statement: SELECT no_such_column\n" in text
    assert "now: the revision is rolled back, the database is at r1\n" in text
    assert text.endswith("do: mend it and run the command again")


def test_first_revision_fails(project: Any) -> None:
    """Then not even the version table is left, and the database is at base."""
    project.add("make a typo", upgrade=TYPO)

    assert "the database is at base" in failure(project, "upgrade", "head")

    assert project.query("SELECT count(*) FROM pg_class WHERE relname = 'alembic_version'") == [0]


def test_command_line_prints_it_once(project: Any, typo: Path) -> None:
    """Alembic's own command line prints the error without a traceback and exits non-zero."""
    process = project.start("upgrade", "head")
    out, err = process.communicate(timeout=60)

    assert process.returncode != 0
    assert (out + err).count('no_such_column" does not exist') == 1
    assert "FAILED: upgrade of r2" in out
    assert "Traceback" not in out + err
    assert err == ""
    assert out.splitlines()[1].startswith("  upgrade  r1  make things  ")


def test_fixed_revision_goes_on_from_there(project: Any, typo: Path) -> None:
    """After mending the file, the same command does the rest."""
    failure(project, "upgrade", "head")
    typo.write_text(typo.read_text().replace("SELECT no_such_column", "SELECT 1"))

    assert "r1 -> r3 on " in project.alembic("upgrade", "head")


def test_failing_downgrade(project: Any) -> None:
    """It is told in the same way, and the database stays where it was."""
    project.add("stay", downgrade=TYPO)
    project.alembic("upgrade", "head")

    text = failure(project, "downgrade", "base")

    assert text.startswith("downgrade of r1 (stay) failed: ")
    assert "the database is at r1" in text
    assert project.query(VERSION) == ["r1"]


def test_irreversible_downgrade(project: Any) -> None:
    """NotImplementedError is a refusal: the error gives the revision and its reason."""
    project.add("begin")
    path = project.add("merge accounts", downgrade='raise NotImplementedError("names are lost")')
    project.alembic("upgrade", "head")

    text = failure(project, "downgrade", "base")

    assert text.startswith("downgrade of r2 (merge accounts) refuses: names are lost\n")
    assert f"where: {path}:14\n" in text
    assert "the database is at r2" in text


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        ('{}["missing"]', "failed: KeyError: 'missing'"),
        ('raise RuntimeError("three boards hang on it")', "failed: three boards hang on it"),
        ('raise RuntimeError(" ")', "failed: RuntimeError"),
    ],
)
def test_revision_that_raises_something_else(project: Any, raised: str, told: str) -> None:
    """A revision's own words are told as they are, another error with its type."""
    path = project.add("raise", upgrade=raised)

    text = failure(project, "upgrade", "head")

    assert f"upgrade of r1 (raise) {told}\n  where: {path}:10\n" in text


def test_own_words_about_a_servers_error(project: Any) -> None:
    """A revision that turns a server's error into words of its own is heard."""
    body = (
        "try:\n    op.execute('SELECT no_such_column')\n"
        "except Exception as error:\n    raise RuntimeError('install it first') from error"
    )
    project.add("explain", upgrade=body)

    text = failure(project, "upgrade", "head")

    assert "failed: install it first\n" in text
    assert "no_such_column" not in text


def test_swallowed_error(project: Any) -> None:
    """A transaction that an earlier error aborted says what to look for."""
    body = (
        "try:\n    op.execute('SELECT no_such_column')\nexcept Exception:\n    pass\n"
        "op.execute('SELECT 1')"
    )
    project.add("swallow", upgrade=body)

    text = failure(project, "upgrade", "head")

    assert "SQLSTATE 25P02" in text
    assert "op.get_bind().begin_nested()" in text


def test_autocommit_block_stays(project: Any) -> None:
    """The error says so when a part of the failed revision is committed already."""
    project.add("make things", upgrade='op.execute("CREATE TABLE things (id integer)")')
    body = (
        'op.execute("CREATE TABLE before (id integer)")\n'
        "with op.get_context().autocommit_block():\n"
        '    op.execute("CREATE INDEX CONCURRENTLY x ON things (no_such_column)")'
    )
    project.add("index", upgrade=body)

    text = failure(project, "upgrade", "head")

    assert "the database is at r1, and what the revision did before and in its autocommit" in text
    assert "rolled back" not in text
    assert project.tables == {"things", "before"}


def test_failure_at_commit(project: Any) -> None:
    """A deferred constraint that fails at commit takes the whole revision back."""
    body = (
        'op.execute("CREATE TABLE a (id integer PRIMARY KEY)")\n'
        'op.execute("CREATE TABLE b (id integer REFERENCES a DEFERRABLE INITIALLY DEFERRED)")\n'
        'op.execute("INSERT INTO b VALUES (1)")'
    )
    project.add("defer", upgrade=body)

    text = failure(project, "upgrade", "head")

    assert "upgrade of r1 (defer) failed: " in text
    assert "SQLSTATE 23503" in text
    assert "the revision is rolled back" in text
    assert project.tables == set()


@pytest.fixture
def locked(project: Any) -> Iterator[None]:
    """Another session holds a lock on the table `things` for as long as the test lasts."""
    project.add("make things", upgrade='op.execute("CREATE TABLE things (id integer)")')
    project.alembic("upgrade", "head")
    end, has_begun = threading.Event(), threading.Event()

    def hold(connection: Connection) -> None:
        connection.exec_driver_sql("LOCK TABLE things")
        has_begun.set()
        end.wait(30)

    thread = threading.Thread(target=run_on, args=(project.url, hold))
    thread.start()
    assert has_begun.wait(10)
    yield
    end.set()
    thread.join(10)


def test_lock_timeout(project: Any, locked: None) -> None:
    """A revision waits no longer than lock_timeout for a lock, and the error says what to do."""
    project.arguments["lock_timeout"] = "200ms"
    project.add("widen", upgrade='op.execute("ALTER TABLE things ADD COLUMN name text")')

    text = failure(project, "upgrade", "head")

    assert "upgrade of r2 (widen) failed: canceling statement due to lock timeout" in text
    assert "SQLSTATE 55P03" in text
    assert "pg_stat_activity names it" in text
    assert "the database is at r1" in text


def test_control_c(project: Any, locked: None) -> None:
    """Control-C ends a waiting migration, in the server too, and says what is left behind."""
    project.add("widen", upgrade='op.execute("ALTER TABLE things ADD COLUMN name text")')
    waiting = (
        "SELECT pid FROM pg_stat_activity"
        " WHERE datname = current_database() AND query LIKE 'ALTER TABLE things%'"
    )
    process = project.start("upgrade", "head")
    deadline_s = time.monotonic() + 30
    while not project.query(waiting) and time.monotonic() < deadline_s:
        time.sleep(0.05)

    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)

    assert process.returncode != 0
    assert "FAILED: interrupted\n  where: upgrade of r2\n" in out
    assert "now: the revision is rolled back, the database is at r1" in out
    assert err == ""
    assert project.query(waiting) == []


@pytest.mark.parametrize("where", ["", "with op.get_context().autocommit_block():\n    "])
def test_connection_is_lost(project: Any, where: str) -> None:
    """The error says that it is lost and where the database is now, in any kind of block."""
    kill = "op.get_bind().exec_driver_sql('SELECT pg_terminate_backend(pg_backend_pid())')"
    project.add("begin")
    project.add("die", upgrade=where + kill)

    text = failure(project, "upgrade", "head")

    assert text.startswith("upgrade of r2 (die) lost its connection: ")
    assert "the database is at r1" in text
    assert "run the command again" in text
    assert project.query(VERSION) == ["r1"]


def test_missing_extension(project: Any) -> None:
    """An extension that the server does not have is named, with where it comes from."""
    project.add("extend", upgrade='op.execute("CREATE EXTENSION no_such_extension")')

    text = failure(project, "upgrade", "head")

    assert 'extension "no_such_extension" is not available' in text
    assert "postgresql-contrib" in text


def test_no_permission(project: Any, server_url: str) -> None:
    """A login that may not create tables in public is told so, and what is missing."""
    name = "proof_stranger_" + str(DatabaseUrl.parse(project.url).database)[-8:]
    run_on(server_url, lambda connection: connection.exec_driver_sql(f"CREATE ROLE {name} LOGIN"))
    project.add("begin")
    project.url = DatabaseUrl.parse(project.url).with_user(name).text

    text = failure(project, "upgrade", "head")

    run_on(server_url, lambda connection: connection.exec_driver_sql(f"DROP ROLE {name}"))
    assert "permission denied for schema public" in text
    assert "SQLSTATE 42501" in text
    assert "give this login the right" in text


def test_server_is_down(project: Any) -> None:
    """Nobody answers: the error says where, and never a password."""
    project.url = "postgresql://ada:secret@/tracks?host=/nowhere"

    text = failure(project, "upgrade", "head")

    assert text.startswith("cannot connect: the server is down")
    assert "tracks on socket /nowhere" in text
    assert "secret" not in text


def test_database_is_missing(project: Any) -> None:
    """A database that does not exist is named."""
    project.url = DatabaseUrl.parse(project.url).with_database("no_such_database").text

    text = failure(project, "current")

    assert 'database "no_such_database" does not exist' in text
    assert "do: create it" in text


def test_unusable_url(project: Any) -> None:
    """A malformed URL is refused without repeating it."""
    project.url = "mysql://ada:secret@localhost/tracks"

    text = failure(project, "upgrade", "head")

    assert "the database URL cannot be used" in text
    assert "secret" not in text


@pytest.mark.parametrize("command", ["upgrade", "downgrade", "stamp"])
def test_unknown_revision(tracks: Any, command: str) -> None:
    """`upgrade nope` says that there is no such revision, and changes nothing."""
    assert failure(tracks, command, "nope").startswith("there is no revision 'nope'\n")
    assert tracks.query("SELECT count(*) FROM pg_class WHERE relname = 'alembic_version'") == [0]


def test_ambiguous_revision(project: Any) -> None:
    """A partial id that several revisions begin with is told as such."""
    for number in (1, 2):
        path = project.add(f"step {number}")
        path.write_text(path.read_text().replace('"r', '"abcd').replace("'r", "'abcd"))

    assert "Multiple revisions start with 'abcd'" in failure(project, "upgrade", "abcd")


@pytest.mark.parametrize("command", ["upgrade", "downgrade", "current", "check", "stamp"])
def test_database_at_an_unknown_revision(tracks: Any, command: str) -> None:
    """A database that newer code has migrated is recognised by every command."""
    tracks.alembic("upgrade", "head")
    tracks.execute("UPDATE alembic_version SET version_num = 'dddddddddddd'")

    arguments = ("head",) if command not in ("current", "check") else ()
    text = failure(tracks, command, *arguments)

    assert text.startswith("the database is at revision dddddddddddd, which this code does not")
    assert "alembic stamp --purge" in text


@pytest.mark.parametrize("command", ["upgrade", "revision"])
def test_two_heads(project: Any, command: str) -> None:
    """Both heads are named, and how to join them."""
    project.add("begin")
    project.add("left", after="r1")
    project.add("right", after="r1")

    options = {"message": "next"} if command == "revision" else {"revision": "head"}
    text = failure(project, command, **options)

    assert text.startswith("there are 2 heads: r2, r3\n")
    assert 'alembic merge -m "message" r2 r3' in text


def test_two_heads_can_be_merged(project: Any) -> None:
    """That advice works."""
    project.add("begin")
    project.add("left", after="r1")
    project.add("right", after="r1")

    project.alembic("merge", ["r2", "r3"], message="join")

    project.alembic("upgrade", "head")
    project.alembic("downgrade", "base")
    assert project.query(VERSION) == []


def test_history_that_cannot_be_loaded(project: Any) -> None:
    """A syntax error in any revision is told with its file and line before a database is asked."""
    path = project.add("break", upgrade="if:")
    project.url = "postgresql:///x?host=/nowhere"

    assert f"where: {path}:10\n" in failure(project, "upgrade", "head")


def test_autogenerate_behind_head(tracks: Any) -> None:
    """Comparing with a database that is not at head says to upgrade it first."""
    text = failure(tracks, "revision", message="x", autogenerate=True)

    assert text.startswith("the database is at base, which is not the head of the history\n")


def test_fault_of_our_own_keeps_its_traceback(tracks: Any) -> None:
    """What is no failure of a command, as a wrong argument in env.py, is not dressed up."""
    tracks.arguments["target_metadata"] = "no metadata"
    tracks.alembic("upgrade", "head")

    with pytest.raises(AttributeError):
        tracks.alembic("check")


@pytest.mark.parametrize("command", ["upgrade", "downgrade"])
def test_a_revision_that_ends_the_process_fails(project: Any, command: str) -> None:
    """`sys.exit(0)` is a failure of that revision, which is rolled back, and no success."""
    body = 'import sys\nop.execute("CREATE TABLE left_over ()")\nsys.exit(0)'
    project.add("exits", **{command: body})
    if command == "downgrade":
        project.alembic("upgrade", "head")

    text = failure(project, command, "head" if command == "upgrade" else "base")

    assert f"{command} of r1 (exits) failed: it ends the process" in text
    assert f"{project.versions}/20260101_000001_exits.py:" in text
    assert "left_over" not in project.tables


def test_a_file_that_ends_the_process_fails(project: Any) -> None:
    """So is an exit while the file is loaded."""
    path = project.add("exits")
    path.write_text(f"import sys\nsys.exit(0)\n{path.read_text()}", encoding="utf-8")

    text = failure(project, "upgrade", "head")

    assert "it ends the process" in text
    assert f"{path}:2" in text
