"""The code by which PostgreSQL names an error, and its fields, whichever driver brings them."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.exc import DBAPIError

_NO_FIELDS: Mapping[str, str] = {}


def sqlstate_of(error: DBAPIError) -> str:
    """The SQLSTATE of a statement's error; empty where the driver has none.

    Source: asyncpg's and psycopg's `sqlstate`; psycopg2's `pgcode`.
    """
    native = error.orig
    code = getattr(native, "sqlstate", None) or getattr(native, "pgcode", None)
    return str(code or protocol_fields(native).get("C", ""))


def server_text(error: BaseException) -> str:
    """Return the message of a driver's error that is no text itself; empty for others."""
    return protocol_fields(error).get("M", "")


def protocol_fields(native: BaseException | None) -> Mapping[str, str]:
    """Return the fields of an error that has them by their letters, as pg8000's have.

    Source: https://www.postgresql.org/docs/current/protocol-error-fields.html
    """
    given = native.args[0] if native is not None and len(native.args) == 1 else None
    return given if isinstance(given, dict) and "M" in given else _NO_FIELDS
