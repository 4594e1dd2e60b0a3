"""Many statements in one round trip, each under a savepoint of its own.

A DO block runs them one after the other and leaves what each gave, or why it failed, in a setting
of the session, which is read (and emptied) at once. An exception of one statement undoes that one
alone, so the caller's transaction stays usable; without a transaction it works as well.

Source: https://www.postgresql.org/docs/current/plpgsql-control-structures.html#PLPGSQL-ERROR-TRAPPING
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from alembic_proof.rows.literal import quote

SETTING = "alembic_proof.outcome"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a statement failed, in PostgreSQL's own fields."""

    sqlstate: str
    message: str
    constraint: str = ""
    column: str = ""
    type: str = ""
    table: str = ""

    def __str__(self) -> str:
        return f"{self.message} (SQLSTATE {self.sqlstate})" if self.sqlstate else self.message


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one statement gave: a JSON value, or a failure."""

    value: Any = None
    failure: Failure | None = None


BLOCK = """
DO {tag}
DECLARE
    statement text;
    given jsonb;
    outcomes jsonb[] := '{}';
    state text; problem text; constraint_ text; column_ text; type_ text; table_ text;
BEGIN
BEGIN
    {before}
    FOREACH statement IN ARRAY {statements} LOOP
        BEGIN
            given := NULL;
            EXECUTE statement INTO given;
            outcomes := pg_catalog.array_append(outcomes, pg_catalog.jsonb_build_array(given));
        EXCEPTION WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS
                state = RETURNED_SQLSTATE, problem = MESSAGE_TEXT, constraint_ = CONSTRAINT_NAME,
                column_ = COLUMN_NAME, type_ = PG_DATATYPE_NAME, table_ = TABLE_NAME;
            outcomes := pg_catalog.array_append(outcomes, pg_catalog.jsonb_build_array(
                state, problem, constraint_, column_, type_, table_));
        END;
    END LOOP;
    {after}
EXCEPTION WHEN SQLSTATE 'AP000' THEN
    NULL;
END;
PERFORM pg_catalog.set_config('{setting}', pg_catalog.to_json(outcomes)::text, false);
END
{tag}
"""
_PART = re.compile(r"\{(\w+)\}")
UNDO = "RAISE EXCEPTION SQLSTATE 'AP000';"
FETCH = (
    f"SELECT pg_catalog.current_setting('{SETTING}'), pg_catalog.set_config('{SETTING}', '', false)"
)


def run_each(
    connection: sa.Connection,
    statements: Sequence[str],
    *,
    before: str = "",
    is_kept: bool = True,
) -> tuple[Outcome, ...]:
    """What each statement gave, in their order; each must give one JSON value.

    `before` is PL/pgSQL that runs first. With `is_kept=False` everything is undone at the end,
    settings included.

    Raises:
        sqlalchemy.exc.DBAPIError: `before` failed, or the transaction had failed already.
    """
    if not statements:
        return ()
    array = "ARRAY[" + ",\n".join(quote(sql) for sql in statements) + "]::text[]"
    after = "" if is_kept else UNDO
    parts = {"setting": SETTING, "before": before, "statements": array, "after": after}
    parts["tag"] = _tag(array + before)
    execute(connection, _PART.sub(lambda part: parts[part[1]], BLOCK))
    return tuple(_outcome(one) for one in json.loads(fetch(connection, FETCH)[0]))


def execute(connection: sa.Connection, sql: str) -> sa.CursorResult[Any]:
    """What the statement gives, run exactly as it is written: no bind values, no escapes."""
    return connection.exec_driver_sql(sql, None, execution_options={"no_parameters": True})


def fetch(connection: sa.Connection, sql: str) -> tuple[Any, ...]:
    """The one row of a statement that is sent exactly as it is written."""
    return tuple(execute(connection, sql).one())


def _outcome(one: list[Any]) -> Outcome:
    if len(one) == 1:
        return Outcome(value=one[0])
    return Outcome(failure=Failure(*(text or "" for text in one)))


def _tag(text: str) -> str:
    """A dollar quote that the text does not hold."""
    tag = "$run$"
    while tag in text:
        tag = tag[:-1] + "_$"
    return tag
