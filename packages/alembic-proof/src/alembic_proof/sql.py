"""Quote, unquote and split SQL names and literals, and name PostgreSQL's error codes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from sqlalchemy.dialects.postgresql.base import PGDialect, PGIdentifierPreparer
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.schema import Constraint, Index
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.compiler import IdentifierPreparer
from sqlalchemy.types import TypeEngine

# With the paramstyle "named", SQLAlchemy does not double the percent signs of a name.
_DIALECT = PGDialect(paramstyle="named")  # type: ignore[no-untyped-call]  # untyped in SQLAlchemy
_PREPARER: IdentifierPreparer = PGIdentifierPreparer(_DIALECT)
_LITERAL = re.compile(r"'(?:[^']|'')*'")
_NAME_PART = re.compile(r'"(?:[^"]|"")*"|[^".]+')


class Sqlstate(StrEnum):
    """The error codes that this package reacts to, under PostgreSQL's condition names.

    Source: errcodes-appendix.
    """

    FEATURE_NOT_SUPPORTED = "0A000"
    INVALID_PARAMETER_VALUE = "22023"
    RESTRICT_VIOLATION = "23001"
    NOT_NULL_VIOLATION = "23502"
    FOREIGN_KEY_VIOLATION = "23503"
    UNIQUE_VIOLATION = "23505"
    CHECK_VIOLATION = "23514"
    EXCLUSION_VIOLATION = "23P01"
    IN_FAILED_SQL_TRANSACTION = "25P02"
    IDLE_IN_TRANSACTION_SESSION_TIMEOUT = "25P03"
    TRANSACTION_TIMEOUT = "25P04"
    INVALID_SQL_STATEMENT_NAME = "26000"
    DEPENDENT_OBJECTS_STILL_EXIST = "2BP01"
    INVALID_SCHEMA_NAME = "3F000"
    INSUFFICIENT_PRIVILEGE = "42501"
    SYNTAX_ERROR = "42601"
    DUPLICATE_COLUMN = "42701"
    UNDEFINED_OBJECT = "42704"
    DUPLICATE_OBJECT = "42710"
    DUPLICATE_FUNCTION = "42723"
    UNDEFINED_FUNCTION = "42883"
    UNDEFINED_TABLE = "42P01"
    DUPLICATE_SCHEMA = "42P06"
    DUPLICATE_TABLE = "42P07"
    OBJECT_IN_USE = "55006"
    LOCK_NOT_AVAILABLE = "55P03"
    UNSAFE_NEW_ENUM_VALUE_USAGE = "55P04"
    QUERY_CANCELED = "57014"
    ADMIN_SHUTDOWN = "57P01"
    IDLE_SESSION_TIMEOUT = "57P05"
    UNDEFINED_FILE = "58P01"


def quote_literal(text: str) -> str:
    """Return the text as a string literal that every standard_conforming_strings reads alike.

    >>> print(quote_literal("it's"))
    'it''s'
    """
    escaped = text.replace("'", "''")
    if "\\" in escaped:
        return "E'" + escaped.replace("\\", "\\\\") + "'"
    return f"'{escaped}'"


def plain_literals(text: str | None) -> list[str]:
    """Return the plain literals of a list in their order, such as the labels of an enum."""
    return _LITERAL.findall(text or "")


def unquote_literal(literal: str) -> str:
    """Return the text of a plain literal, which has no E before it: `'it''s'` gives `it's`."""
    return literal[1:-1].replace("''", "'")


def quote_identifier(name: str) -> str:
    """Return the raw name as an identifier, always in quotes."""
    return '"' + name.replace('"', '""') + '"'


def quote_identifiers(names: Iterable[str]) -> str:
    """Return the raw names as a comma-separated list of quoted identifiers."""
    return ", ".join(quote_identifier(name) for name in names)


def quote_if_needed(name: str) -> str:
    """Return the raw name as an identifier, in quotes only where SQL needs them."""
    return _PREPARER.quote(name)


_LONGEST_NAME = 63
"""In bytes. Source: sql-syntax-lexical, "Identifiers and Key Words"."""


def name_with_suffix(name: str, suffix: str) -> str:
    """Return the raw name with the suffix, shortened so that PostgreSQL keeps all of it.

    >>> name_with_suffix("users", "_new")
    'users_new'
    """
    room = _LONGEST_NAME - len(suffix.encode())
    return name.encode()[:room].decode(errors="ignore") + suffix


def unquote_identifier(name: str) -> str:
    """Return the raw name of an identifier; one without quotes is returned as it is."""
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


def split_qualified_name(name: str) -> list[str]:
    """Return the parts of a qualified name, still quoted: `a."B.c"` gives `a` and `"B.c"`."""
    return _NAME_PART.findall(name)


def compile_expression(expression: ClauseElement) -> str:
    """Return the SQL of an expression of SQLAlchemy, as it is sent in DDL.

    :raises CompileError: the expression cannot be written without parameters.
    """
    options = {"literal_binds": True, "include_table": False}
    return str(expression.compile(dialect=_DIALECT, compile_kwargs=options))


def compile_type(type_: TypeEngine[Any]) -> str:
    """Return the SQL of a type of SQLAlchemy.

    :raises CompileError: PostgreSQL has no such type, or it is unknown.
    """
    return type_.compile(dialect=_DIALECT)


def name_in_database(part: Constraint | Index) -> str | None:
    """Return the raw name that a naming convention and the limit of 63 bytes give; None without a name."""
    preparer: Any = _PREPARER
    if part.name is None:
        return None
    is_index = isinstance(part, Index)
    try:
        name = preparer.format_index(part) if is_index else preparer.format_constraint(part)
    except InvalidRequestError:  # the convention needs a name, so the constraint is never created
        return None
    return None if name is None else unquote_identifier(name)
