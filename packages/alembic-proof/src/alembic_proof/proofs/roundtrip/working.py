"""Transactions of our own between two steps, whatever env.py makes of its connection."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.engine import Connection

from alembic_proof.driver import driver_connection

_OWN_SETTINGS = """
SELECT t.name, pg_catalog.current_setting(t.name) AS before,
    pg_catalog.set_config(t.name, t.value, true)
FROM (VALUES ('statement_timeout', '0'), ('lock_timeout', '0'), ('transaction_timeout', '0'),
    ('idle_in_transaction_session_timeout', '0'), ('jit', 'off')) AS t (name, value)
WHERE pg_catalog.current_setting(t.name, true) <> t.value
"""
"""For the rest of the transaction, those that the server knows; it ends none that has begun.

Source: runtime-config-client, "Statement Behavior"; runtime-config-query, jit.
"""


@contextmanager
def working(connection: Connection) -> Iterator[None]:
    """Hold a transaction of our own between two steps, without the timeouts of env.py and without JIT.

    Where all steps share one transaction it is a savepoint of that, which has them again afterwards.
    """
    driver = driver_connection(connection)
    if driver.autocommit:
        with _driver_transaction(connection, driver):
            connection.exec_driver_sql(_OWN_SETTINGS)
            yield
        return
    if connection.in_transaction():
        with connection.begin_nested():
            lifted = connection.exec_driver_sql(_OWN_SETTINGS).all()
            yield
            for name, before, _ in lifted:
                connection.exec_driver_sql(f"SET LOCAL {name} = '{before}'")
        return
    with connection.begin():
        connection.exec_driver_sql(_OWN_SETTINGS)
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
