"""The session of a migration: its timeouts, its search_path and what it is connected to."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.engine import Connection

SEARCH_PATH = """\
SELECT pg_catalog.set_config('search_path', pg_catalog.array_to_string(
    ARRAY['public'] || ARRAY(
        SELECT pg_catalog.quote_ident(name)
        FROM pg_catalog.unnest(pg_catalog.current_schemas(false)) WITH ORDINALITY AS path (name, place)
        WHERE name NOT IN ('public', 'pg_catalog', current_user)
        ORDER BY place
    ), ', '
), false)"""
"""public first, then the rest of the path, without the schema that bears the login's name.

Source: https://www.postgresql.org/docs/current/ddl-schemas.html#DDL-SCHEMAS-PATH
"""

_SETTINGS = """\
SELECT pg_catalog.set_config('lock_timeout', :lock_timeout, false),
       pg_catalog.set_config(
           'application_name',
           coalesce(nullif(pg_catalog.current_setting('application_name'), ''), 'alembic'),
           false
       )"""

_PLACE = """\
SELECT pg_catalog.current_database(),
       current_user,
       pg_catalog.split_part(pg_catalog.current_setting('server_version'), ' ', 1)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Which database a session is in, in words for the user."""

    database: str
    user: str
    server_version: str
    address: str = ""
    """Host and port, or the socket's directory; empty for a connection that was handed over."""

    def __str__(self) -> str:
        where = f" at {self.address}" if self.address else ""
        return f"{self.database}{where} as {self.user} (PostgreSQL {self.server_version})"


def prepare_session(connection: Connection, *, lock_timeout: str) -> None:
    """Ensures the session's settings; no transaction is left open."""
    connection.execute(text(_SETTINGS), {"lock_timeout": lock_timeout})
    connection.execute(text(SEARCH_PATH))
    connection.commit()
    # SQLAlchemy asked for the default schema before the path was set.
    connection.dialect.default_schema_name = "public"


def read_place(connection: Connection, *, address: str = "") -> Place:
    """The database behind the connection; leaves a transaction open where none was."""
    database, user, version = connection.execute(text(_PLACE)).one()
    return Place(database=database, user=user, server_version=version, address=address)
