"""One migration of a database at a time."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from alembic.util import CommandError
from sqlalchemy import text
from sqlalchemy.engine import Connection

from alembic_deploy.advisory_lock import CLASS_KEY, VersionTable, advisory_lock
from alembic_deploy.connect import open_session, run_on
from alembic_deploy.errors import DatabaseError
from alembic_deploy.url import DatabaseUrl

if TYPE_CHECKING:
    from tests.conftest import Project

HELD = """
SELECT count(*)
FROM pg_locks
WHERE locktype = 'advisory'
  AND granted
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


@pytest.fixture
def other_migration(tracks: Project) -> Iterator[threading.Event]:
    """Another session that holds the lock until the event is set."""
    end, has_begun = threading.Event(), threading.Event()

    def hold(connection: Connection) -> None:
        connection.execute(text("SET application_name = 'the other one'"))
        with advisory_lock(connection, VersionTable(), wait_s=0, print_line=print):
            has_begun.set()
            end.wait(30)

    thread = threading.Thread(target=run_on, args=(tracks.url, hold))
    thread.start()
    assert has_begun.wait(10)
    yield end
    end.set()
    thread.join(10)


def test_eight_upgrades_at_once(tracks: Project) -> None:
    """Eight processes upgrade one database: all succeed, each revision is applied once.

    One revision builds an index CONCURRENTLY, which waits for every other transaction: it would
    wait for ever for a session that waits inside of one.
    """
    codes, outputs = tracks.run_eight("upgrade", "head")

    assert codes == [0] * 8, outputs
    assert sum(output.count("  upgrade  ") for output in outputs) == 3
    assert sum("nothing to do" in output for output in outputs) == 7
    assert tracks.query("SELECT version_num FROM alembic_version") == ["cccccccccccc"]
    assert tracks.query(HELD) == [0]


def test_waiting_is_printed_once(tracks: Project, other_migration: threading.Event) -> None:
    """It prints once which session it waits for, and continues when that one has ended."""
    threading.Timer(0.4, other_migration.set).start()

    out = tracks.alembic("upgrade", "head")

    assert out.count("waiting for another migration of this database: process ") == 1
    assert "(the other one)" in out
    assert tracks.tables == {"tracks"}


def test_waiting_ends(tracks: Project, other_migration: threading.Event) -> None:
    """After wait_s seconds it gives up, names the holder, and has changed nothing."""
    tracks.limit(migrator_wait="300ms")

    with pytest.raises(CommandError, match=r"did not end within 0\.3 s\n.*the other one"):
        tracks.alembic("upgrade", "head")

    assert tracks.query("SELECT count(*) FROM pg_class WHERE relname = 'alembic_version'") == [0]


@pytest.mark.parametrize("command", ["current", "history"])
def test_reading_commands_do_not_wait(
    tracks: Project, other_migration: threading.Event, command: str
) -> None:
    """They work during a migration; upgrade, downgrade and stamp wait."""
    tracks.limit(migrator_wait="0ms")

    tracks.alembic(command)

    for name, revision in (("upgrade", "head"), ("downgrade", "base"), ("stamp", "head")):
        with pytest.raises(CommandError, match="did not end within 0 s"):
            tracks.alembic(name, revision)


def test_the_lock_is_not_awaited_in_a_transaction(
    tracks: Project, other_migration: threading.Event
) -> None:
    """CREATE INDEX CONCURRENTLY in another session ends while a migration waits."""
    waiting = threading.Thread(target=tracks.alembic, args=("upgrade", "head"))
    waiting.start()
    time.sleep(0.3)

    def build(connection: Connection) -> None:
        connection.exec_driver_sql("SET statement_timeout = '10s'")
        connection.exec_driver_sql("CREATE TABLE busy (id integer)")
        connection.exec_driver_sql("CREATE INDEX CONCURRENTLY busy_id ON busy (id)")

    run_on(tracks.url, build, autocommit=True)

    assert waiting.is_alive()
    other_migration.set()
    waiting.join(10)
    assert tracks.tables == {"tracks", "busy"}


def test_released_after_an_error(project: Project) -> None:
    """An error inside of it releases it, on a connection that lives on; inside it is held."""

    def fail_and_look(connection: Connection) -> tuple[Any, Any]:
        with (
            suppress(ZeroDivisionError),
            advisory_lock(connection, VersionTable(), wait_s=0, print_line=print),
        ):
            inside = connection.execute(text(HELD)).scalar_one()
            raise ZeroDivisionError
        return inside, connection.execute(text(HELD)).scalar_one()

    assert run_on(project.url, fail_and_look) == (1, 0)


def test_released_after_a_failed_revision(project: Project) -> None:
    """A failed upgrade leaves no lock behind."""
    project.add("wrong", upgrade='op.execute("SELECT no_such_column")')

    with pytest.raises(CommandError):
        project.alembic("upgrade", "head")

    assert project.query(HELD) == [0]


def try_it(url: str) -> None:
    """Take the lock in a session of its own, without waiting."""

    def take(connection: Connection) -> None:
        with advisory_lock(connection, VersionTable(), wait_s=0, print_line=print):
            pass

    run_on(url, take)


def test_lock_belongs_to_one_database(
    tracks: Project, server_url: str, other_migration: threading.Event
) -> None:
    """A second session of the same database does not get it, one of another database does."""
    with pytest.raises(DatabaseError, match="did not end within 0 s"):
        try_it(tracks.url)

    try_it(server_url)


@pytest.mark.parametrize(
    ("other", "is_free"),
    [
        (VersionTable(), False),
        (VersionTable(schema="public"), False),
        (VersionTable(name="other_version"), True),
        (VersionTable(schema="other"), True),
    ],
)
def test_lock_belongs_to_one_version_table(
    tracks: Project, other_migration: threading.Event, other: VersionTable, *, is_free: bool
) -> None:
    """Two histories of one database do not wait for each other; one history does."""

    def take(connection: Connection) -> None:
        with advisory_lock(connection, other, wait_s=0, print_line=print):
            pass

    if is_free:
        run_on(tracks.url, take)
    else:
        with pytest.raises(DatabaseError, match="did not end within 0 s"):
            run_on(tracks.url, take)


def test_a_login_of_the_application_that_holds_the_lock(tracks: Project, server_url: str) -> None:
    """The wait is bounded, and the message names the session, its login and how to end it."""
    name = "proof_app_" + str(DatabaseUrl.parse(tracks.url).database)[-8:]
    run_on(server_url, lambda connection: connection.exec_driver_sql(f"CREATE ROLE {name} LOGIN"))
    tracks.limit(migrator_wait="300ms")

    def hold(connection: Connection) -> None:
        is_mine = connection.exec_driver_sql(
            f"SELECT pg_try_advisory_lock({CLASS_KEY}, hashed.key) "
            f"FROM (SELECT ({VersionTable().key}::bigint::bit(32))::integer AS key) AS hashed"
        )
        assert is_mine.scalar_one()

    with open_session(DatabaseUrl.parse(tracks.url).with_user(name).text) as run:
        run(hold)
        text = tracks.failure("upgrade", "head")

    run_on(server_url, lambda connection: connection.exec_driver_sql(f"DROP ROLE {name}"))
    assert re.search(rf"where: process \d+ of {name}", text)
    assert "pg_terminate_backend" in text
