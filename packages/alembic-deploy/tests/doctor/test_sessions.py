"""What runs now, and what a server keeps, is found with the session and its statement."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from sqlalchemy.engine import Connection

from alembic_deploy.advisory_lock import VersionTable, advisory_lock
from alembic_deploy.connect import run_on
from alembic_deploy.doctor.check import Expectations
from alembic_deploy.finding import Finding

if TYPE_CHECKING:
    from tests.doctor.conftest import Database

SOON = Expectations(idle_transaction_s=0)
LONG = Expectations(long_transaction_s=0, idle_transaction_s=3600)


def test_an_idle_transaction_that_holds_a_lock(database: Database) -> None:
    """It is named with its program and its last statement; after its end there is none."""
    database.send("CREATE TABLE shops (id integer)")
    with database.session("SELECT id FROM shops") as session:
        pid = session.exec_driver_sql("SELECT pg_catalog.pg_backend_pid()").scalar_one()
        (found,) = database.examine(SOON)
        assert database.examine() == ()

    assert found.id == "idle-transaction"
    assert found.where.startswith(
        f"process {pid} (another program) of {database.owner}, idle in transaction, in a transaction for"
    )
    assert found.where.endswith(" s: SELECT pg_catalog.pg_backend_pid()")
    assert f"pg_terminate_backend({pid})" in found.todo
    assert database.examine(SOON) == ()


def test_an_idle_transaction_that_holds_nothing(database: Database) -> None:
    """No migration waits for it."""
    with database.session("SELECT 1"):
        assert database.examine(SOON) == ()


def test_a_long_transaction(database: Database) -> None:
    """One that is as old as the limit; a younger one is none."""
    with database.session("SELECT 1"):
        (found,) = database.examine(LONG)
        assert database.examine() == ()

    assert found.id == "idle-transaction"


def test_a_statement_with_a_password_is_not_shown(database: Database) -> None:
    """The session is."""
    with database.session("SELECT 'my password'"):
        (found,) = database.examine(LONG)

    assert "password" not in str(found)
    assert "(another program)" in found.where


def test_a_running_migration(database: Database) -> None:
    """The session that holds the lock of the version table is named; that of another table is none."""
    other = Expectations(lock=VersionTable(name="other"))

    def hold(connection: Connection) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
        with (
            advisory_lock(connection, VersionTable(), wait_s=0, print_line=print),
            ThreadPoolExecutor(1) as pool,  # in this thread an event loop runs
        ):
            return pool.submit(database.examine).result(), pool.submit(
                database.examine, other
            ).result()

    (found,), none = run_on(database.url, hold)

    assert (found.id, none) == ("migration-running", ())
    assert f" of {database.owner}" in found.where
