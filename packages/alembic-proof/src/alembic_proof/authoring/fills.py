"""Values for rows that exist: as a person gives them, checked by PostgreSQL before a file is written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from alembic_deploy.connect import run_on
from alembic_deploy.errors import ConfigError
from alembic_deploy.server_message import server_message, sqlstate_of
from alembic_deploy.statements import fold_identifier
from alembic_proof.authoring.command_options import FILL, option
from alembic_proof.authoring.type_casts import read_type_casts
from alembic_proof.authoring.value_questions import Database, Reason, ValueQuestion
from alembic_proof.rows import TableInfo
from alembic_proof.rows.schema import display_name
from alembic_proof.sql import (
    Sqlstate,
    quote_if_needed,
    split_qualified_name,
    unquote_identifier,
)

FORM = "TABLE.COLUMN=EXPRESSION"
_NAME = r"(?:\"(?:[^\"]|\"\")*\"|[^.\"=\s]+)"
_REQUEST = re.compile(rf"(?P<column>{_NAME}(?:\.{_NAME}){{1,2}})\s*=\s*(?P<sql>.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Fill:
    """The answer to a question: the value that the rows get, as SQL over their columns."""

    question: ValueQuestion
    expression: str
    """Empty if the rows are deleted."""
    column: str
    """The raw name of the column that gets the value, one of the question's."""

    @property
    def is_unchanged(self) -> bool:
        """Return whether the rows stay as they are: `--fill users.email=email`."""
        return self.question.reason.may_have_no_rows and self._is_the_column_itself

    @property
    def _is_the_column_itself(self) -> bool:
        return _folded(self.expression.strip()) == self.column

    @property
    def using(self) -> str:
        """The expression for ALTER COLUMN … TYPE … USING; empty for other questions."""
        return self.expression if self.question.reason is Reason.TYPE else ""

    @property
    def is_deletion(self) -> bool:
        """Return whether the rows are deleted, because no value of the column would help."""
        return not self.expression


def unchanged(question: ValueQuestion) -> Fill:
    """Return the answer that no row needs another value."""
    column = question.columns[0]
    return Fill(question, quote_if_needed(column), column)


def _folded(sql: str) -> str | None:
    """Return the raw name if the SQL is one name."""
    is_name = re.fullmatch(_NAME, sql) is not None
    return fold_identifier(sql) if is_name else None


@dataclass(frozen=True, slots=True)
class FillRequest:
    """One value as a person gives it."""

    column: str
    """The column's name with its table, as it is written."""
    expression: str
    is_x: bool = False
    """Whether it is an argument of plain Alembic's -x."""

    @property
    def place(self) -> str:
        """The option, for messages."""
        return option(FILL, f"{self.column}={self.expression}", is_x=self.is_x)


def parse_fill(text: str, *, is_x: bool = False) -> FillRequest:
    """Return the column and the expression.

    :raises ConfigError: It is not of the form `TABLE.COLUMN=EXPRESSION`.

    Example: `parse_fill("users.nickname=split_part(email, '@', 1)")`
    """
    found = _REQUEST.fullmatch(text.strip())
    if found is None:
        raise ConfigError(
            f"{option(FILL, text, is_x=is_x)} is not of the form {FORM}",
            todo="write users.nickname=split_part(email, '@', 1), with SQL over the row's columns",
        )
    return FillRequest(found["column"], found["sql"].strip(), is_x=is_x)


def resolve_fills(
    requests: Iterable[FillRequest], questions: Sequence[ValueQuestion]
) -> tuple[Fill, ...]:
    """Return the answers; one value may answer several questions about its column.

    :raises ConfigError: No question is about the column; names those that are.
    """
    return tuple(fill for request in requests for fill in _resolve(request, questions))


def _resolve(request: FillRequest, questions: Sequence[ValueQuestion]) -> tuple[Fill, ...]:
    *table, column = (fold_identifier(part) for part in split_qualified_name(request.column))
    of_table = [one for one in questions if _names(one)[-len(table) :] == table]
    own = [one for one in of_table if one.columns[0] == column]
    found = own or [one for one in of_table if column in one.columns]
    if found:
        return tuple(Fill(one, request.expression, column) for one in found)
    places = sorted({one.place for one in questions})
    near = get_close_matches(request.column, places, n=3, cutoff=0.5) or places[:5]
    raise ConfigError(
        f"{request.place}: no change needs a value in {request.column}",
        todo=f"did you mean {', '.join(near)}?" if near else "leave the option out",
    )


def _names(question: ValueQuestion) -> list[str]:
    return [unquote_identifier(part) for part in split_qualified_name(question.table)]


def check_fills(url: str, fills: Iterable[Fill], *, before: Database, after: Database) -> None:
    """Let PostgreSQL read each expression over the columns of its table; nothing is changed.

    :param url: The history's scratch database, whose tables are as before the change.
    :raises ConfigError: PostgreSQL refuses an expression.
    """
    wanted = tuple(fills)
    if wanted:
        run_on(url, lambda connection: _check(connection, wanted, before=before, after=after))


def _check(
    connection: Connection, fills: tuple[Fill, ...], *, before: Database, after: Database
) -> None:
    for fill in fills:
        type_ = after.type_of(fill.question.table, fill.column)
        is_known = bool(read_type_casts(connection, [type_]).types)
        savepoint = connection.begin_nested()
        try:
            for statement in _trial(fill, type_ if is_known else ""):
                connection.exec_driver_sql(statement, execution_options={"no_parameters": True})
        except DBAPIError as error:
            if is_known or not _misses_type(error, type_):
                table = before.tables.find(fill.question.table)
                raise _refused(fill, error, table) from error
        finally:
            savepoint.rollback()


def _misses_type(error: DBAPIError, type_: str) -> bool:
    """Return whether the expression names a type that comes with the change."""
    name = split_qualified_name(type_.removesuffix("[]"))[-1]
    return sqlstate_of(error) == Sqlstate.UNDEFINED_OBJECT and unquote_identifier(name) in str(
        error.orig
    )


def _trial(fill: Fill, type_: str) -> Iterator[str]:
    """Yield statements on an empty temporary copy of the table, which accept what the real one does.

    :param type_: The column's new type; empty if the database does not have it yet.
    """
    schema, name = split_qualified_name(fill.question.table)
    column = quote_if_needed(fill.column)
    yield f"CREATE TEMPORARY TABLE {name} (LIKE {schema}.{name})"
    if not type_:
        yield f"SELECT {fill.expression} FROM pg_temp.{name}"
    elif fill.using:
        change = f"ALTER COLUMN {column} TYPE {type_} USING {fill.expression}"
        yield f"ALTER TABLE pg_temp.{name} {change}"
    else:
        if fill.question.reason is Reason.NEW_COLUMN:
            yield f"ALTER TABLE pg_temp.{name} ADD COLUMN {column} {type_}"
        yield f"UPDATE pg_temp.{name} SET {column} = {fill.expression}"


def _refused(fill: Fill, error: DBAPIError, table: TableInfo | None) -> ConfigError:
    message = server_message(error)
    said = message.one_line if message else str(error.orig)
    names = ", ".join(quote_if_needed(one.name) for one in table.columns) if table else ""
    return ConfigError(
        f"{fill.question.place} = {fill.expression}: PostgreSQL refuses the expression: {said}",
        todo=f"correct it; {display_name(fill.question.table)} has the columns {names}",
    )
