"""A server that refuses, is busy, breaks off or is not there: one error says what to do about it."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy.engine import Connection

from alembic_proof.postgres.connect import run_on
from alembic_proof.postgres.url import DatabaseUrl

VERSION = "SELECT version_num FROM alembic_version"


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

    text = project.failure("upgrade", "head")

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

    text = project.failure("upgrade", "head")

    assert text.startswith("upgrade of r2 (die) lost its connection: ")
    assert "the database is at r1" in text
    assert "run the command again" in text
    assert project.query(VERSION) == ["r1"]


def test_missing_extension(project: Any) -> None:
    """An extension that the server does not have is named, with where it comes from."""
    project.add("extend", upgrade='op.execute("CREATE EXTENSION no_such_extension")')

    text = project.failure("upgrade", "head")

    assert 'extension "no_such_extension" is not available' in text
    assert "postgresql-contrib" in text


def test_no_permission(project: Any, server_url: str) -> None:
    """A login that may not create tables in public is told so, and what is missing."""
    name = "proof_stranger_" + str(DatabaseUrl.parse(project.url).database)[-8:]
    run_on(server_url, lambda connection: connection.exec_driver_sql(f"CREATE ROLE {name} LOGIN"))
    project.add("begin")
    project.url = DatabaseUrl.parse(project.url).with_user(name).text

    text = project.failure("upgrade", "head")

    run_on(server_url, lambda connection: connection.exec_driver_sql(f"DROP ROLE {name}"))
    assert "permission denied for schema public" in text
    assert "SQLSTATE 42501" in text
    assert "give this login the right" in text


def test_server_is_down(project: Any) -> None:
    """Nobody answers: the error says where, and never a password."""
    project.url = "postgresql://ada:secret@/tracks?host=/nowhere"

    text = project.failure("upgrade", "head")

    assert text.startswith("cannot connect: the server is down")
    assert "tracks on socket /nowhere" in text
    assert "secret" not in text


def test_database_is_missing(project: Any) -> None:
    """A database that does not exist is named."""
    project.url = DatabaseUrl.parse(project.url).with_database("no_such_database").text

    text = project.failure("current")

    assert 'database "no_such_database" does not exist' in text
    assert "do: create it" in text


def test_unusable_url(project: Any) -> None:
    """A malformed URL is refused without repeating it."""
    project.url = "mysql://ada:secret@localhost/tracks"

    text = project.failure("upgrade", "head")

    assert "the database URL cannot be used" in text
    assert "secret" not in text
