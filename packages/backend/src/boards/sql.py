"""Names and literals in the SQL that Boards composes itself: limits and quoting."""

from __future__ import annotations

from sqlalchemy.dialects import postgresql

MAX_NAME_BYTES = 63
"""The longest name of an object or role.

Source: https://www.postgresql.org/docs/current/limits.html (identifier length)
"""

# With the paramstyle "named" percent signs are not doubled, as `exec_driver_sql` sends them unchanged.
_DIALECT = postgresql.dialect(paramstyle="named")  # type: ignore[no-untyped-call]


def quote_identifier(name: str) -> str:
    """Return the name in double quotes."""
    return _DIALECT.identifier_preparer.quote_identifier(name)


def quote_literal(text: str) -> str:
    """Return the text as a literal, the same with any standard_conforming_strings.

    A backslash needs `E''`: whether it is an escape in `''` depends on that setting, which SQLAlchemy
    knows only of a connection, and a script has none.

    Source: https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-STRINGS-ESCAPE
    """
    escaped = text.replace("'", "''").replace("\\", "\\\\")
    return f"E'{escaped}'" if "\\" in text else f"'{escaped}'"
