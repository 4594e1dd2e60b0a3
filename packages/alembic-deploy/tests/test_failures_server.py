"""A server that refuses, is locked, disconnects or is down: one error says what to do."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.engine import Connection

from alembic_deploy.connect import run_on
from alembic_deploy.url import DatabaseUrl

if TYPE_CHECKING:
    from tests.conftest import Project

VERSION = "SELECT version_num FROM alembic_version"


@pytest.fixture
def locked(project: Project) -> Iterator[None]:
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


def test_lock_timeout(project: Project, locked: None) -> None:
    """A revision waits no longer than lock_timeout for a lock, and the error says what to do."""
    project.limit(lock_timeout="50ms", retries="1")
    project.add("widen", upgrade='op.execute("ALTER TABLE things ADD COLUMN name text")')

    text = project.failure("upgrade", "head")

    assert "upgrade of r2 (widen) failed: canceling statement due to lock timeout" in text
    assert "SQLSTATE 55P03" in text
    assert "attempts: 2, in " in text
    assert "end that session" in text
    assert "the database is at r1" in text


@pytest.mark.parametrize("where", ["", "with op.get_context().autocommit_block():\n    "])
def test_connection_is_lost(project: Project, where: str) -> None:
    """The error says that it is lost and where the database is now, in any kind of block."""
    kill = "op.get_bind().exec_driver_sql('SELECT pg_terminate_backend(pg_backend_pid())')"
    project.add("begin")
    project.add("die", upgrade=where + kill)

    text = project.failure("upgrade", "head")

    assert text.startswith("upgrade of r2 (die) lost its connection: ")
    assert "the database is at r1" in text
    assert "run the command again" in text
    assert project.query(VERSION) == ["r1"]


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
@pytest.mark.parametrize("where", ["", "with op.get_context().autocommit_block():\n    "])
def test_a_silent_revision_names_the_limit(project: Project, where: str, driver: str) -> None:
    """Python code that takes longer than the server waits for a statement, whatever the driver says."""
    sleep = "import time\ntime.sleep(0.7 if op.get_bind() is not None else 0)"
    project.add("sleep", upgrade=where + sleep.replace("\n", ";"))
    project.limit(idle_in_transaction_timeout="400ms")
    project.url = replace(DatabaseUrl.parse(project.url), driver=driver).text

    text = project.failure("upgrade", "head")

    assert "upgrade of r1 (sleep) lost its connection: the revision sent nothing for 0." in text
    assert "400ms of that (idle_in_transaction_timeout)" in text
    assert "--idle-in-transaction-timeout" in text
    assert "now: the upgrade is not applied, the database is at base" in text


def test_pauses_are_longer_than_the_server_waits(
    project: Project, locked: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The session of a retry is kept, however long the pause before it is."""
    monkeypatch.setattr("alembic_deploy.runner._FIRST_PAUSE_S", 1.2)
    project.limit(lock_timeout="100ms", retries="1", idle_in_transaction_timeout="500ms")
    project.add("widen", upgrade='op.execute("ALTER TABLE things ADD COLUMN name text")')

    text = project.failure("upgrade", "head")

    assert "attempts: 2, in " in text
    assert "lost its connection" not in text


def test_missing_extension(project: Project) -> None:
    """An extension that the server does not have is named, with where it comes from."""
    project.add("extend", upgrade='op.execute("CREATE EXTENSION no_such_extension")')

    text = project.failure("upgrade", "head")

    assert 'extension "no_such_extension" is not available' in text
    assert "postgresql-contrib" in text


def test_no_permission(project: Project, server_url: str) -> None:
    """For a login that may not create tables in public, the error names the missing privilege."""
    name = "proof_stranger_" + str(DatabaseUrl.parse(project.url).database)[-8:]
    run_on(server_url, lambda connection: connection.exec_driver_sql(f"CREATE ROLE {name} LOGIN"))
    project.add("begin")
    project.url = DatabaseUrl.parse(project.url).with_user(name).text

    text = project.failure("upgrade", "head")

    run_on(server_url, lambda connection: connection.exec_driver_sql(f"DROP ROLE {name}"))
    assert "permission denied for schema public" in text
    assert "SQLSTATE 42501" in text
    assert "give this login the right" in text


def test_server_is_down(project: Project) -> None:
    """No server answers: the error says where, and never a password."""
    project.url = "postgresql://ada:secret@/tracks?host=/nowhere"
    project.limit(server_wait="0s")

    text = project.failure("upgrade", "head")

    assert text.startswith("cannot connect: the server is down")
    assert "tracks on socket /nowhere" in text
    assert "secret" not in text


def test_database_is_missing(project: Project) -> None:
    """A database that does not exist is named."""
    project.url = DatabaseUrl.parse(project.url).with_database("no_such_database").text

    text = project.failure("current")

    assert 'database "no_such_database" does not exist' in text
    assert "help: create it" in text


def test_unusable_url(project: Project) -> None:
    """A malformed URL is refused without repeating it."""
    project.url = "mysql://ada:secret@localhost/tracks"

    text = project.failure("upgrade", "head")

    assert "the database URL cannot be used" in text
    assert "secret" not in text
