"""Session settings and temporary tables that a revision leaves behind: later steps would run with them."""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import dataclass

from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from alembic_proof.catalog.session_settings import SESSION_SETTINGS, SESSION_SETTINGS_SQL
from alembic_proof.rows.savepoint_batch import fetch_row
from alembic_proof.sql import quote_literal

_FIRST = "alembic_proof_first_settings"
_MOST_TRIES = 3
"""How often the settings are read while a timeout of the revision may interrupt the statement."""


@dataclass(frozen=True, slots=True, order=True)
class LeakedSetting:
    """A session setting that differs from the session's first reading."""

    name: str
    value: str

    def __str__(self) -> str:
        return f"{self.name} = {self.value or quote_literal('')}"


def restore_settings(connection: Connection, values: str) -> tuple[LeakedSetting, ...]:
    """Reset the settings that differ from the session's first reading; return them.

    A statement is sent only where a setting differs.

    :param values: the result of `SESSION_SETTINGS_SQL` now.
    """
    first: str = connection.info.setdefault(_FIRST, values)
    if values == first:
        return ()
    pairs = zip(SESSION_SETTINGS, json.loads(first), json.loads(values), strict=True)
    changed = [(name, before, now) for name, before, now in pairs if before != now]
    sql = f"SELECT {', '.join(_set(name, before) for name, before, _ in changed)}"
    if connection.in_transaction():
        fetch_row(connection, sql)
    else:
        with connection.begin():
            fetch_row(connection, sql)
    return tuple(LeakedSetting(name, now) for name, _, now in changed)


def restore_settings_in_transaction(connection: Connection) -> tuple[LeakedSetting, ...]:
    """Read the settings and reset those that differ. In an open transaction SET LOCAL counts as well."""
    with nullcontext() if connection.in_transaction() else connection.begin():
        [values] = fetch_row(connection, f"SELECT {SESSION_SETTINGS_SQL}")
    return restore_settings(connection, values)


def restore_settings_after_error(connection: Connection) -> tuple[LeakedSetting, ...]:
    """Read and reset the settings after a catalog reading failed, perhaps because of them.

    In an open transaction nothing is done: it is aborted.
    """
    if connection.in_transaction() or _FIRST not in connection.info:
        return ()
    for _ in range(_MOST_TRIES):
        try:
            with connection.begin():
                [values] = fetch_row(connection, f"SELECT {SESSION_SETTINGS_SQL}")
            return restore_settings(connection, values)
        except DBAPIError:
            continue
    return ()


def discard_temporary_tables(connection: Connection) -> None:
    """Drop the session's temporary tables: elsewhere each revision may run in a session of its own.

    Source: sql-discard.
    """
    with connection.begin():
        connection.exec_driver_sql("DISCARD TEMP")


def _set(name: str, value: str) -> str:
    return f"pg_catalog.set_config({quote_literal(name)}, {quote_literal(value)}, false)"
