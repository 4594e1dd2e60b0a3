"""Roles that are made while scratch databases are worked on: they belong to the whole cluster.

Source: https://www.postgresql.org/docs/current/sql-droprole.html
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress

import sqlalchemy
from sqlalchemy.exc import DBAPIError

from alembic_proof.postgres._cluster import SCRATCH_CLUSTER
from alembic_proof.postgres._roles import hold_roles, quote
from alembic_proof.postgres._sweep import PREFIX, sweep_dead
from alembic_proof.postgres.connect import run_on

_NAMES = "SELECT rolname FROM pg_catalog.pg_roles"
_OTHERS = """SELECT count(*) FROM pg_catalog.pg_stat_activity
WHERE pg_catalog.starts_with(datname, '{prefix}') AND datname <> '{own}'
    AND backend_type = 'client backend'"""
# The first that are no part of PostgreSQL itself, and not those who made and use the server.
_ORDINARY = """SELECT rolname FROM pg_catalog.pg_roles
WHERE oid >= 16384 AND NOT rolsuper AND rolname <> session_user ORDER BY rolname"""


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
        if not connection.exec_driver_sql(others).scalar_one():
            _drop(connection, names)

    if names:
        run_on(server_url, drop, autocommit=True)


def drop_left_roles(server_url: str, *, keep: Collection[str], database: str = "") -> None:
    """Ensures that a server of our own has no role that earlier runs left, whatever its name.

    All of them go but those to keep, as on another server none does; databases of processes that were
    killed go first, since a role with privileges in one cannot be dropped. Nothing is dropped while
    a living process has another scratch database than `database`.
    """

    def drop(connection: sqlalchemy.Connection) -> None:
        if connection.exec_driver_sql("SHOW cluster_name").scalar_one() != SCRATCH_CLUSTER:
            return
        hold_roles(connection)
        if not set(sweep_dead(connection)) - {database}:
            names = connection.exec_driver_sql(_ORDINARY).scalars()
            _drop(connection, set(names) - set(keep))

    run_on(server_url, drop, autocommit=True)


def _drop(connection: sqlalchemy.Connection, names: Collection[str]) -> None:
    """Drop those that can be, until none can: whoever granted a membership goes after its member."""
    left = [name for name in sorted(names) if not _is_dropped(connection, name)]
    if left and len(left) < len(names):
        _drop(connection, left)


def _is_dropped(connection: sqlalchemy.Connection, name: str) -> bool:
    with suppress(DBAPIError):
        connection.exec_driver_sql(f"DROP ROLE IF EXISTS {quote(connection, name)}")
        return True
    return False
