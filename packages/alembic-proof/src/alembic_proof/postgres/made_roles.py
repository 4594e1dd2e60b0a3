"""Roles that are made while scratch databases are worked on: they belong to the whole cluster.

Source: https://www.postgresql.org/docs/current/sql-droprole.html
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress

import sqlalchemy
from sqlalchemy.exc import DBAPIError

from alembic_proof.postgres._roles import quote
from alembic_proof.postgres._sweep import PREFIX
from alembic_proof.postgres.connect import run_on

_NAMES = "SELECT rolname FROM pg_catalog.pg_roles"
_OTHERS = """SELECT count(*) FROM pg_catalog.pg_stat_activity
WHERE pg_catalog.starts_with(datname, '{prefix}') AND datname <> '{own}'
    AND backend_type = 'client backend'"""


def role_names(server_url: str) -> frozenset[str]:
    """All roles of the server.

    Raises:
        ServerError: no connection.
    """

    def read(connection: sqlalchemy.Connection) -> frozenset[str]:
        return frozenset(connection.exec_driver_sql(_NAMES).scalars())

    return run_on(server_url, read)


def drop_roles(server_url: str, names: Collection[str], *, database: str) -> None:
    """Ensures that these roles are gone, as far as nobody needs them.

    None is dropped while somebody works in another scratch database than `database`: its history may
    be about to use them. One that owns something or has privileges anywhere stays.
    """
    others = _OTHERS.format(prefix=PREFIX, own=database)

    def drop(connection: sqlalchemy.Connection) -> None:
        if connection.exec_driver_sql(others).scalar_one():
            return
        for name in sorted(names):
            with suppress(DBAPIError):
                connection.exec_driver_sql(f"DROP ROLE {quote(connection, name)}")

    if names:
        run_on(server_url, drop, autocommit=True)
