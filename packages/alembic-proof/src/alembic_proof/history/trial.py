"""A step that is run once more than it has to be: it is looked at and taken back.

Run again from the same database it makes the same values, except for those that it takes from a
sequence, from the clock or from chance: a sequence keeps its position over a rollback, and the next
transaction has another time.

Source: https://www.postgresql.org/docs/current/functions-sequence.html
"""

from __future__ import annotations

from collections.abc import Callable

from alembic.runtime.migration import MigrationContext
from sqlalchemy.engine import Connection

from alembic_proof.driver import driver_connection
from alembic_proof.errors import HistoryError


def try_out(
    migration: MigrationContext, *, step: Callable[[], None], look: Callable[[], None]
) -> bool:
    """Whether the step has run, was looked at and is taken back.

    Not where it ends the transaction itself (an autocommit block, COMMIT), or env.py has none: then
    it has run for good, and was not looked at.
    """
    connection = migration.connection
    if connection is None:
        raise HistoryError("env.py connects to no database")
    driver = driver_connection(connection)
    if driver.autocommit:
        step()
        return False
    memo = dict(migration.impl.memo)
    take_back = _way_back(migration, connection)
    before = transaction_id(connection)
    step()
    if transaction_id(connection) != before:
        return False
    look()
    take_back()
    migration.impl.memo = memo
    return True


def is_transaction_over(migration: MigrationContext) -> bool:
    """Return whether a step has ended the transaction that Alembic began for it, by itself.

    What comes behind that, the row in the version table as well, is in a transaction which Alembic
    does not know of. An autocommit block leaves a new one that it knows.
    """
    begun = migration._transaction
    return begun is not None and not begun.is_active


def _way_back(migration: MigrationContext, connection: Connection) -> Callable[[], None]:
    """What undoes all that follows; a savepoint where one transaction holds all steps."""
    if migration._transaction is None:
        return connection.begin_nested().rollback

    def begin_anew() -> None:
        if migration._transaction is not None:
            migration._transaction.rollback()
        # As Alembic's own autocommit_block() leaves it.
        migration._transaction = connection.begin()

    return begin_anew


def transaction_id(connection: Connection) -> object:
    """Return the number of the transaction that is open; savepoints do not change it."""
    return connection.exec_driver_sql("SELECT pg_catalog.txid_current()").scalar()
