"""Run many statements in one round trip, each under a savepoint of its own.

A DO block runs the statements one after the other and stores each result or error in a session
setting, which is read and emptied at once. The error of one statement undoes that statement only,
so the caller's transaction stays usable; it works without a transaction as well.

Source: plpgsql-control-structures, "Trapping Errors".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from alembic_proof.rows.schema import TableInfo
from alembic_proof.sql import quote_literal

_SETTING = "alembic_proof.outcome"


@dataclass(frozen=True, slots=True)
class StatementFailure:
    """Why a statement failed: the fields of PostgreSQL's error."""

    sqlstate: str
    message: str
    constraint: str = ""
    column: str = ""
    type: str = ""
    table: str = ""

    def __str__(self) -> str:
        return f"{self.message} (SQLSTATE {self.sqlstate})" if self.sqlstate else self.message


@dataclass(frozen=True, slots=True)
class StatementOutcome:
    """The JSON value that a statement returned, or its failure."""

    value: Any = None
    failure: StatementFailure | None = None


_BLOCK = """
DO {tag}
DECLARE
    statement text;
    result jsonb;
    outcomes jsonb[] := '{}';
    state text; problem text; constraint_ text; column_ text; type_ text; table_ text;
BEGIN
BEGIN
    {before}
    FOREACH statement IN ARRAY {statements} LOOP
        BEGIN
            result := NULL;
            EXECUTE statement INTO result;
            outcomes := pg_catalog.array_append(outcomes, pg_catalog.jsonb_build_array(result));
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
_UNDO = "RAISE EXCEPTION SQLSTATE 'AP000';"
_FETCH = f"""SELECT pg_catalog.current_setting('{_SETTING}'),
    pg_catalog.set_config('{_SETTING}', '', false)"""


def run_statements(
    connection: sa.Connection,
    statements: Sequence[str],
    *,
    before: str = "",
    is_kept: bool = True,
) -> tuple[StatementOutcome, ...]:
    """Run the statements in their order and return their outcomes.

        run_statements(connection, ["SELECT to_jsonb(1)", "SELECT 1/0"])

    :param statements: Each returns one JSON value.
    :param before: PL/pgSQL that runs first.
    :param is_kept: False undoes everything at the end, also settings.
    :raises sqlalchemy.exc.DBAPIError: `before` failed, or the transaction had failed already.
    """
    if not statements:
        return ()
    array = "ARRAY[" + ",\n".join(quote_literal(sql) for sql in statements) + "]::text[]"
    after = "" if is_kept else _UNDO
    parts = {"setting": _SETTING, "before": before, "statements": array, "after": after}
    parts["tag"] = _dollar_quote(array + before)
    execute(connection, _PART.sub(lambda part: parts[part[1]], _BLOCK))
    return tuple(_outcome(one) for one in json.loads(fetch_row(connection, _FETCH)[0]))


def execute(connection: sa.Connection, sql: str) -> sa.CursorResult[Any]:
    """Execute the statement exactly as it is written, without parameters or escapes."""
    return connection.exec_driver_sql(sql, None, execution_options={"no_parameters": True})


def fetch_row(connection: sa.Connection, sql: str) -> tuple[Any, ...]:
    """Return the one row of a statement, which is sent exactly as it is written."""
    return tuple(execute(connection, sql).one())


def _outcome(one: list[Any]) -> StatementOutcome:
    if len(one) == 1:
        return StatementOutcome(value=one[0])
    return StatementOutcome(failure=StatementFailure(*(text or "" for text in one)))


def _dollar_quote(text: str) -> str:
    """Return a dollar quote that the text does not contain."""
    tag = "$run$"
    while tag in text:
        tag = tag[:-1] + "_$"
    return tag


def lift_force_rls_sql(tables: Iterable[TableInfo]) -> str:
    """Return PL/pgSQL that drops FORCE ROW LEVEL SECURITY where it applies to the session's role."""
    return "\n".join(
        lift_force_rls_of_sql(table.name) for table in dict.fromkeys(tables) if table.is_rls_forced
    )


def lift_force_rls_of_sql(name: str) -> str:
    """Return PL/pgSQL that drops FORCE ROW LEVEL SECURITY of one table if it applies to the session's role.

    :param name: the table as SQL writes it; it need not exist.

    Source: ddl-rowsecurity.
    """
    return (
        f"BEGIN IF pg_catalog.row_security_active({_regclass(name)}) THEN"
        f" ALTER TABLE {name} NO FORCE ROW LEVEL SECURITY; END IF;"
        " EXCEPTION WHEN OTHERS THEN NULL; END;"
    )


def restore_force_rls(
    connection: sa.Connection, tables: Iterable[TableInfo], *, and_then: str = ""
) -> None:
    """Set FORCE ROW LEVEL SECURITY where `lift_force_rls_sql` has dropped it.

    :param and_then: PL/pgSQL that runs in the same statement.
    """
    body = "\n".join(
        f"IF NOT (SELECT relforcerowsecurity FROM pg_catalog.pg_class"
        f" WHERE oid = {_regclass(table.name)})"
        f" THEN ALTER TABLE {table.name} FORCE ROW LEVEL SECURITY; END IF;"
        for table in tables
        if table.is_rls_forced
    )
    if body or and_then:
        body = f"{body}\n{and_then}"
        tag = _dollar_quote(body)
        execute(connection, f"DO {tag} BEGIN\n{body}\nEND {tag}")


def _regclass(name: str) -> str:
    return f"{quote_literal(name)}::pg_catalog.regclass"
