"""The bootstrap: statements that run before the first revision and belong to none, as for roles."""

from __future__ import annotations

import time
from dataclasses import dataclass

from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from alembic_deploy.connect import run_on
from alembic_deploy.errors import DatabaseError
from alembic_deploy.server_message import ServerMessage, server_message

_ATTEMPTS = 5
_PAUSE_S = 0.2
# Another session created or granted the same role from another database at the same instant.
# Source: errcodes-appendix.
_CONCURRENT = ("23505", "42710", "XX000", "40001", "40P01")
_INSUFFICIENT_PRIVILEGE = "42501"


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """Idempotent statements, and a SELECT that returns true when they have nothing to do.

    Bootstrap(
        ("CREATE ROLE shop_app NOLOGIN",),
        "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = 'shop_app')",
    )
    """

    statements: tuple[str, ...]
    ready: str
    left_out: str = ""
    """What a DBA who runs the statements should know is missing from them."""

    @property
    def script(self) -> str:
        """Return the statements as a script for psql."""
        return "\n\n".join(f"{statement.strip().rstrip(';')};" for statement in self.statements)


def apply_bootstrap(url: str, bootstrap: Bootstrap) -> bool:
    """Run the bootstrap on the URL's server; return False when there was nothing to do.

    :raises ConfigError: The URL cannot be used.
    :raises ServerError: No connection.
    :raises DatabaseError: As `ensure_bootstrap`.
    """
    return run_on(url, lambda connection: ensure_bootstrap(connection, bootstrap))


def ensure_bootstrap(connection: Connection, bootstrap: Bootstrap) -> bool:
    """Run the bootstrap; return False when there was nothing to do.

    Each statement is committed, as psql does with the script; unless the connection is inside of a
    transaction, which is then continued.

    :raises DatabaseError: A statement failed. Where the login has no right to it, the message has
        the statements for a DBA.
    """
    is_outer = connection.in_transaction()
    attempts = 1 if is_outer else _ATTEMPTS
    for attempt in range(1, attempts + 1):
        try:
            return _run_unless_ready(connection, bootstrap, is_outer=is_outer)
        except DBAPIError as error:
            message = server_message(error)
            if attempt == attempts or message is None or message.sqlstate not in _CONCURRENT:
                raise _error(message, bootstrap) from error
            connection.rollback()
            time.sleep(_PAUSE_S * attempt)
    raise AssertionError("unreachable")


def _run_unless_ready(connection: Connection, bootstrap: Bootstrap, *, is_outer: bool) -> bool:
    # These are complete statements: neither a colon nor a per cent sign is a parameter.
    raw = {"no_parameters": True}
    is_ready = connection.exec_driver_sql(bootstrap.ready, execution_options=raw).scalar()
    if not is_outer:
        connection.commit()
    for statement in () if is_ready else bootstrap.statements:
        connection.exec_driver_sql(statement, execution_options=raw)
        if not is_outer:
            connection.commit()
    return not is_ready


def _error(message: ServerMessage | None, bootstrap: Bootstrap) -> DatabaseError:
    text = message.one_line if message else "unknown error"
    if message is not None and message.sqlstate == _INSUFFICIENT_PRIVILEGE:
        return DatabaseError(
            f"this login has no right to prepare the database: {text}",
            todo="let a DBA run these statements, then run the command again:\n\n"
            f"{bootstrap.script}\n" + (f"\n{bootstrap.left_out}\n" if bootstrap.left_out else ""),
        )
    return DatabaseError(
        f"the database could not be prepared: {text}",
        todo="correct what it names, and run the command again",
    )
