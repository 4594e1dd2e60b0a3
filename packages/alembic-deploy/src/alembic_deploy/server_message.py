"""PostgreSQL's own error message, read from what the driver and SQLAlchemy raised around it."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

import sqlalchemy
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from alembic_deploy.errors import DeployError, causes_of, without_addresses

_KEY = re.compile(r"(?<=\)=\().*(?=\) )", re.DOTALL)
_VALUE_CHARACTERS = 40
_PART_CHARACTERS = 240
_STATEMENT_CHARACTERS = 300
_CONSTRAINT_CLASS = "23"
"""Such an error without a statement is a deferred constraint's, which refuses the commit."""
_PREPARED_STATEMENT_STATES = ("26000", "42P05")
"""Their hint is asyncpg's own, about its caches behind a pooler, which migrations do not want."""
_LETTERS = {"schema_name": "s", "table_name": "t", "column_name": "c", "constraint_name": "n"}
_NO_FIELDS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerMessage:
    """One error of the server; a text that it does not have is empty."""

    sqlstate: str
    message: str
    detail: str = ""
    hint: str = ""
    statement: str = ""
    """The statement in one line, cut; empty when it may contain a password."""
    is_connection_lost: bool = False
    sql: str = field(default="", repr=False)
    """The statement as the server got it, to be parsed: it may contain a password."""
    schema: str = ""
    """The schema of the object that the error is about; table, column and constraint as well."""
    table: str = ""
    column: str = ""
    constraint: str = ""

    @property
    def one_line(self) -> str:
        """Return message, detail, hint and SQLSTATE in one line, with long values cut."""
        parts = (self.message, _KEY.sub(_with_short_values, self.detail), self.hint)
        text = "; ".join(_cut(" ".join(part.split())) for part in parts if part)
        return f"{text} (SQLSTATE {self.sqlstate})" if self.sqlstate else text


def server_message(error: BaseException) -> ServerMessage | None:
    """Return the server's error behind `error`; None when it is not the database's.

    An exception that a revision raises itself is not the database's, even where an error of the
    server led to it.
    """
    if not isinstance(error, SQLAlchemyError):
        return None
    return next((_read(cause) for cause in causes_of(error) if isinstance(cause, DBAPIError)), None)


def first_cause(error: BaseException) -> BaseException:
    """Return the error that Alembic or this package wrapped; a revision's own error as it is."""
    from alembic.util import CommandError  # here, because an application does without Alembic

    while error.__cause__ is not None and isinstance(error, (DeployError, CommandError)):
        error = error.__cause__
    return error


def sqlstate_of(error: BaseException) -> str:
    """Return the SQLSTATE of a driver's error or of SQLAlchemy's wrapper around it.

    Empty where there is none.
    Source: `sqlstate` of asyncpg and psycopg; `pgcode` of psycopg2; the field C of pg8000.
    """
    native = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(native, "sqlstate", None) or getattr(native, "pgcode", None)
    return str(code or _protocol_fields(native).get("C", ""))


def server_text(error: BaseException) -> str:
    """Return the message of a driver's error that str() does not show; empty for others."""
    return _protocol_fields(error).get("M", "")


def shortened(value: str) -> str:
    """Return the value, cut after 40 characters."""
    return value if len(value) <= _VALUE_CHARACTERS else f"{value[:_VALUE_CHARACTERS]}…"


def shown_statement(statement: str) -> str:
    """Return the statement in one line, cut; empty when it may contain a password."""
    if re.search("password", statement, re.IGNORECASE):
        return ""
    line = " ".join(statement.split())
    if len(line) <= _STATEMENT_CHARACTERS:
        return line
    return f"{line[:_STATEMENT_CHARACTERS]} …"


def _read(error: DBAPIError) -> ServerMessage:
    """Return the fields of the server's error, wherever the driver keeps them.

    Source: the fields of asyncpg.PostgresError; `diag` of psycopg and psycopg2; pg8000's dict.
    """
    original: BaseException = error.orig or error
    native = original.__cause__ or original
    diagnosis = getattr(native, "diag", None)
    fields = _protocol_fields(native)
    message = (
        getattr(native, "message", None)
        or getattr(diagnosis, "message_primary", None)
        or fields.get("M")
    )
    sqlstate = sqlstate_of(error)
    sql = _sent_statement(error) or ("COMMIT" if sqlstate.startswith(_CONSTRAINT_CLASS) else "")
    hint = getattr(native, "hint", None) or getattr(diagnosis, "message_hint", None)
    return ServerMessage(
        sqlstate=sqlstate,
        message=without_addresses(str(message or native)).strip() or type(native).__name__,
        detail=getattr(native, "detail", None)
        or getattr(diagnosis, "message_detail", None)
        or fields.get("D", ""),
        hint="" if sqlstate in _PREPARED_STATEMENT_STATES else hint or fields.get("H", ""),
        statement=shown_statement(sql),
        is_connection_lost=error.connection_invalidated,
        sql=sql,
        schema=_field(native, "schema_name"),
        table=_field(native, "table_name"),
        column=_field(native, "column_name"),
        constraint=_field(native, "constraint_name"),
    )


def _field(native: BaseException, name: str) -> str:
    """Return one of PostgreSQL's fields; asyncpg has it on the error, psycopg on `diag`."""
    found = getattr(native, name, None) or getattr(getattr(native, "diag", None), name, None)
    return str(found or _protocol_fields(native).get(_LETTERS[name], ""))


def _protocol_fields(native: BaseException | None) -> Mapping[str, str]:
    """Return the fields of an error by their letters, as pg8000 has them; empty for others.

    Source: protocol-error-fields.
    """
    argument = native.args[0] if native is not None and len(native.args) == 1 else None
    return argument if isinstance(argument, dict) and "M" in argument else _NO_FIELDS


def _sent_statement(error: DBAPIError) -> str:
    """Return the statement as the server got it.

    SQLAlchemy doubles `%` for drivers to which it begins a parameter; they halve it again.
    """
    statement = error.statement or ""
    package = sys.modules[type(error.orig).__module__.partition(".")[0]]
    is_old = package is sqlalchemy and sqlalchemy.__version__.startswith("1.")
    is_doubled = is_old or getattr(package, "paramstyle", "") in ("format", "pyformat")
    return statement.replace("%%", "%") if is_doubled else statement


def _with_short_values(values: re.Match[str]) -> str:
    return ", ".join(map(shortened, values[0].split(", ")))


def _cut(text: str) -> str:
    """Return the text, or its beginning and its end."""
    if len(text) <= _PART_CHARACTERS:
        return text
    return f"{text[: _PART_CHARACTERS - 60]} … {text[-50:]}"
