"""What PostgreSQL itself said, out of whatever the driver and SQLAlchemy wrapped around it."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field

import sqlalchemy
from alembic.util import CommandError
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from alembic_proof.errors import ProofError, causes_of, without_addresses
from alembic_proof.postgres.sqlstate import protocol_fields, sqlstate_of

_KEY = re.compile(r"(?<=\)=\().*(?=\) )", re.DOTALL)
_VALUE_CHARACTERS = 40
_PART_CHARACTERS = 240
_STATEMENT_CHARACTERS = 300
_OF_CONSTRAINTS = "23"
"""Where there is no statement to it, a deferred constraint has refused the commit."""
_OF_PREPARED_STATEMENTS = ("26000", "42P05")
"""Their hint is asyncpg's own, on its caches behind a pooler; that is no place for a migration."""
_LETTERS = {"schema_name": "s", "table_name": "t", "column_name": "c", "constraint_name": "n"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerMessage:
    """One error of the server; texts are empty where it said nothing."""

    sqlstate: str
    message: str
    detail: str = ""
    hint: str = ""
    statement: str = ""
    """The statement in one line, cut; left out when it may hold a password."""
    is_connection_lost: bool = False
    sql: str = field(default="", repr=False)
    """The statement as the server got it, whatever it holds: to be read, never to be told."""
    schema: str = ""
    """What PostgreSQL says that the error is about, and the next three as well."""
    table: str = ""
    column: str = ""
    constraint: str = ""

    @property
    def one_line(self) -> str:
        """Message, detail, hint and SQLSTATE in one line; what is long (a value) is cut."""
        parts = (self.message, _KEY.sub(_with_short_values, self.detail), self.hint)
        text = "; ".join(_cut(" ".join(part.split())) for part in parts if part)
        return f"{text} (SQLSTATE {self.sqlstate})" if self.sqlstate else text


def server_message(error: BaseException) -> ServerMessage | None:
    """The error of the server behind `error`; None when it is not the database's.

    What a revision raises itself counts as its own words, also where a server's error led to it.
    """
    if not isinstance(error, SQLAlchemyError):
        return None
    return next((_read(cause) for cause in causes_of(error) if isinstance(cause, DBAPIError)), None)


def first_cause(error: BaseException) -> BaseException:
    """The error without what Alembic's and our own words put around it; a revision's own stay."""
    while error.__cause__ is not None and isinstance(error, (ProofError, CommandError)):
        error = error.__cause__
    return error


def shortened(value: str) -> str:
    """The value, or its beginning."""
    return value if len(value) <= _VALUE_CHARACTERS else f"{value[:_VALUE_CHARACTERS]}…"


def _read(error: DBAPIError) -> ServerMessage:
    """Return the fields of the server's error, wherever the driver has them.

    Source: asyncpg.PostgresError's fields; psycopg's and psycopg2's `diag`; pg8000's dict.
    """
    original: BaseException = error.orig or error
    native = original.__cause__ or original
    diagnosis = getattr(native, "diag", None)
    fields = protocol_fields(native)
    message = (
        getattr(native, "message", None)
        or getattr(diagnosis, "message_primary", None)
        or fields.get("M")
    )
    sqlstate = sqlstate_of(error)
    sql = _received(error) or ("COMMIT" if sqlstate.startswith(_OF_CONSTRAINTS) else "")
    hint = getattr(native, "hint", None) or getattr(diagnosis, "message_hint", None)
    return ServerMessage(
        sqlstate=sqlstate,
        message=without_addresses(str(message or native)).strip() or type(native).__name__,
        detail=getattr(native, "detail", None)
        or getattr(diagnosis, "message_detail", None)
        or fields.get("D", ""),
        hint="" if sqlstate in _OF_PREPARED_STATEMENTS else hint or fields.get("H", ""),
        statement=shown_statement(sql),
        is_connection_lost=error.connection_invalidated,
        sql=sql,
        schema=_field(native, "schema_name"),
        table=_field(native, "table_name"),
        column=_field(native, "column_name"),
        constraint=_field(native, "constraint_name"),
    )


def _field(native: BaseException, name: str) -> str:
    """One of PostgreSQL's fields; asyncpg has it on the error, psycopg and psycopg2 on `diag`."""
    found = getattr(native, name, None) or getattr(getattr(native, "diag", None), name, None)
    return str(found or protocol_fields(native).get(_LETTERS[name], ""))


def _received(error: DBAPIError) -> str:
    """The statement as the server got it.

    SQLAlchemy doubles `%` for drivers to which one begins a parameter; they take one away again.
    """
    statement = error.statement or ""
    package = sys.modules[type(error.orig).__module__.partition(".")[0]]
    is_old = package is sqlalchemy and sqlalchemy.__version__.startswith("1.")
    is_doubled = is_old or getattr(package, "paramstyle", "") in ("format", "pyformat")
    return statement.replace("%%", "%") if is_doubled else statement


def _with_short_values(values: re.Match[str]) -> str:
    return ", ".join(map(shortened, values[0].split(", ")))


def _cut(text: str) -> str:
    """The text, or its beginning and its end."""
    if len(text) <= _PART_CHARACTERS:
        return text
    return f"{text[: _PART_CHARACTERS - 60]} … {text[-50:]}"


def shown_statement(statement: str) -> str:
    """Return the statement in one line, cut; empty when it may hold a password."""
    if re.search("password", statement, re.IGNORECASE):
        return ""
    line = " ".join(statement.split())
    if len(line) <= _STATEMENT_CHARACTERS:
        return line
    return f"{line[:_STATEMENT_CHARACTERS]} …"
