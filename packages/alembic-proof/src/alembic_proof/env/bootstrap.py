"""What must be there before the first revision and belongs to no revision: the cluster's roles."""

from __future__ import annotations

import time
from dataclasses import dataclass

from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from alembic_proof.env.server_message import ServerMessage, server_message
from alembic_proof.errors import DatabaseError
from alembic_proof.postgres.connect import run_on

_ATTEMPTS = 5
_PAUSE_S = 0.2
# Somebody else made or granted the same role in another database at the same instant.
# Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
_CONCURRENT = ("23505", "42710", "XX000", "40001", "40P01")
_NO_RIGHT = "42501"


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """Idempotent statements, and a SELECT that returns true where they have nothing to do."""

    statements: tuple[str, ...]
    ready: str

    @property
    def script(self) -> str:
        """The statements as SQL that psql runs."""
        return "\n\n".join(f"{statement.strip().rstrip(';')};" for statement in self.statements)


def apply_bootstrap(url: str, bootstrap: Bootstrap) -> bool:
    """Ensures the bootstrap on the URL's server; False when there was nothing to do.

    Raises:
        ConfigError: the URL cannot be used.
        ServerError: no connection.
        DatabaseError: no right, with the statements for a DBA; or a statement failed.
    """
    return run_on(url, lambda connection: ensure_bootstrap(connection, bootstrap))


def ensure_bootstrap(connection: Connection, bootstrap: Bootstrap) -> bool:
    """Ensures the bootstrap; False when there was nothing to do.

    Each statement is committed on its own, as psql does it with the script. A connection that is
    inside of a transaction stays in it.

    Raises:
        DatabaseError: no right, with the statements for a DBA; or a statement failed.
    """
    is_outer = connection.in_transaction()
    attempts = 1 if is_outer else _ATTEMPTS
    for attempt in range(1, attempts + 1):
        try:
            return _send_unless_ready(connection, bootstrap, is_outer=is_outer)
        except DBAPIError as error:
            message = server_message(error)
            if attempt == attempts or message is None or message.sqlstate not in _CONCURRENT:
                raise _refusal(message, bootstrap) from error
            connection.rollback()
            time.sleep(_PAUSE_S * attempt)
    raise AssertionError("unreachable")


def _send_unless_ready(connection: Connection, bootstrap: Bootstrap, *, is_outer: bool) -> bool:
    # These are whole statements: neither a colon nor a per cent sign is a parameter.
    raw = {"no_parameters": True}
    is_ready = connection.exec_driver_sql(bootstrap.ready, execution_options=raw).scalar()
    if not is_outer:
        connection.commit()
    for statement in () if is_ready else bootstrap.statements:
        connection.exec_driver_sql(statement, execution_options=raw)
        if not is_outer:
            connection.commit()
    return not is_ready


def _refusal(message: ServerMessage | None, bootstrap: Bootstrap) -> DatabaseError:
    text = message.one_line if message else "unknown error"
    if message is not None and message.sqlstate == _NO_RIGHT:
        return DatabaseError(
            f"this login has no right to prepare the database: {text}",
            todo="let a DBA run these statements, then run the command again:\n\n"
            f"{bootstrap.script}\n",
        )
    return DatabaseError(f"the database could not be prepared: {text}")
