"""Transactions of our own between two steps, whatever env.py makes of its connection."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.engine import Connection

from alembic_proof.driver import driver_connection

_NO_TIMEOUTS = """
SELECT pg_catalog.set_config('statement_timeout', '0', true),
    pg_catalog.set_config('lock_timeout', '0', true)
"""


@contextmanager
def working(connection: Connection) -> Iterator[None]:
    """A transaction of our own between two steps, without the timeouts of env.py.

    Where all steps share one transaction it is a savepoint of that, and its timeouts hold.
    """
    driver = driver_connection(connection)
    if driver.autocommit:
        with _driver_transaction(connection, driver):
            connection.exec_driver_sql(_NO_TIMEOUTS)
            yield
        return
    if connection.in_transaction():
        with connection.begin_nested():
            yield
        return
    with connection.begin():
        connection.exec_driver_sql(_NO_TIMEOUTS)
        yield


@contextmanager
def _driver_transaction(connection: Connection, driver: Any) -> Iterator[None]:
    """A transaction where env.py has the driver commit each statement, and SQLAlchemy none."""
    dialect = connection.dialect
    dialect.set_isolation_level(driver, "READ COMMITTED")
    try:
        yield
        driver.commit()
    except BaseException:
        driver.rollback()
        raise
    finally:
        dialect.set_isolation_level(driver, "AUTOCOMMIT")
