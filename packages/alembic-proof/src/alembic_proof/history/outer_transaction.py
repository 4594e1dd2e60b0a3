"""One transaction that env.py holds around all steps: each step and what a proof writes ends it.

Elsewhere a revision meets rows that were committed before. Rows of the same transaction are not the
same to PostgreSQL: a deferred foreign key is checked for them at every UPDATE, and ALTER TABLE
refuses a table with such a check ahead of it.

Source: https://www.postgresql.org/docs/current/sql-set-constraints.html
"""

from __future__ import annotations

import json

from sqlalchemy import text
from sqlalchemy.engine import Connection

from alembic_proof.catalog.queries.lasting import LASTING, LASTING_VALUES
from alembic_proof.driver import driver_connection

_CHARACTERISTICS = """
SELECT pg_catalog.current_setting('transaction_isolation'),
    CASE pg_catalog.current_setting('transaction_read_only')
        WHEN 'on' THEN 'READ ONLY' ELSE 'READ WRITE' END
"""
_SET_LOCAL = text("SELECT pg_catalog.set_config(:name, :value, true)")


def commit_outer_transaction(connection: Connection) -> None:
    """Commit the transaction that env.py holds, and go on in another one with the same settings.

    SQLAlchemy takes it for the same one, so that env.py may end it as it likes. Nothing happens where
    there is none, or where env.py holds a savepoint, which would be gone.
    """
    if not connection.in_transaction() or connection.in_nested_transaction():
        return
    driver = driver_connection(connection)
    if driver.autocommit:
        return
    before = _settings(connection)
    [isolation, access] = connection.exec_driver_sql(_CHARACTERISTICS).one()
    driver.commit()
    connection.exec_driver_sql(f"SET TRANSACTION ISOLATION LEVEL {isolation}, {access}")
    after = _settings(connection)
    for name, value in before.items():
        if value is not None and value != after[name]:
            connection.execute(_SET_LOCAL, {"name": name, "value": value})


def _settings(connection: Connection) -> dict[str, str | None]:
    """Return the settings by name; SET LOCAL has set some of them until the transaction ends."""
    [values] = connection.exec_driver_sql(f"SELECT {LASTING_VALUES}").one()
    return dict(zip(LASTING, json.loads(values), strict=True))
