"""What a revision leaves in its session: the next one, or its way back, would meet it."""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import dataclass

from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from alembic_proof.catalog.queries.lasting import LASTING, LASTING_VALUES
from alembic_proof.rows.literal import quote
from alembic_proof.rows.run import fetch

_FIRST = "alembic_proof_first_settings"
_MOST_TRIES = 3
"""How often a server in a hurry is asked."""


@dataclass(frozen=True, slots=True, order=True)
class LeftSetting:
    """A setting that is not what it was when the session began."""

    name: str
    value: str

    def __str__(self) -> str:
        return f"{self.name} = {self.value or quote('')}"


def take_back(connection: Connection, values: str) -> tuple[LeftSetting, ...]:
    """The settings that are otherwise than in the session's first reading, which they are again.

    `values` is what `LASTING_VALUES` gave now. Only where something is otherwise anything is sent.
    """
    first: str = connection.info.setdefault(_FIRST, values)
    if values == first:
        return ()
    pairs = zip(LASTING, json.loads(first), json.loads(values), strict=True)
    changed = [(name, before, now) for name, before, now in pairs if before != now]
    sql = f"SELECT {', '.join(_set(name, before) for name, before, _ in changed)}"
    if connection.in_transaction():
        fetch(connection, sql)
    else:
        with connection.begin():
            fetch(connection, sql)
    return tuple(LeftSetting(name, now) for name, _, now in changed)


def take_back_untold(connection: Connection) -> tuple[LeftSetting, ...]:
    """The same where no reading has told the values; in a transaction SET LOCAL lasts as well."""
    with nullcontext() if connection.in_transaction() else connection.begin():
        [values] = fetch(connection, f"SELECT {LASTING_VALUES}")
    return take_back(connection, values)


def take_back_unread(connection: Connection) -> tuple[LeftSetting, ...]:
    """The same where a reading failed, perhaps because of them; nothing in an open transaction."""
    if connection.in_transaction() or _FIRST not in connection.info:
        return ()
    for _ in range(_MOST_TRIES):
        try:
            with connection.begin():
                [values] = fetch(connection, f"SELECT {LASTING_VALUES}")
            return take_back(connection, values)
        except DBAPIError:
            continue
    return ()


def discard_temporary(connection: Connection) -> None:
    """Ensures that a step finds no temporary table of an earlier one: it comes from elsewhere.

    Source: sql-discard.
    """
    with connection.begin():
        connection.exec_driver_sql("DISCARD TEMP")


def _set(name: str, value: str) -> str:
    return f"pg_catalog.set_config({quote(name)}, {quote(value)}, false)"
