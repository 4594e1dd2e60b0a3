"""Transactions of the proof between two steps, whatever env.py has set on its connection."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.engine import Connection

from alembic_deploy.connect import driver_connection

_OWN_SETTINGS = """
SELECT t.name, pg_catalog.current_setting(t.name) AS before,
    pg_catalog.set_config(t.name, t.value, true)
FROM (VALUES ('statement_timeout', '0'), ('lock_timeout', '0'), ('transaction_timeout', '0'),
    ('idle_in_transaction_session_timeout', '0'), ('jit', 'off')) AS t (name, value)
WHERE pg_catalog.current_setting(t.name, true) <> t.value
"""
"""Switches timeouts and JIT off for the rest of the transaction, as far as the server has the settings.

Source: runtime-config-client, "Statement Behavior"; runtime-config-query, jit.
"""


@contextmanager
def proof_transaction(connection: Connection) -> Iterator[None]:
    """Hold a transaction without env.py's timeouts and without JIT.

    Where all steps share one transaction it is a savepoint, after which the timeouts are set again.

    Example::

        with proof_transaction(context.connection):
            context.connection.exec_driver_sql("INSERT INTO users …")
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
    """Hold a transaction where env.py has the driver commit each statement and SQLAlchemy none."""
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
