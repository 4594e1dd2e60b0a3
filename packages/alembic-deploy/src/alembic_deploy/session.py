"""The session of a migration: its search_path, its timeouts, and how long it outlives its client."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import TypeVar

from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from alembic_deploy.connect import DatabaseInfo
from alembic_deploy.errors import DatabaseError
from alembic_deploy.limits import Limits, duration_text

T = TypeVar("T")

SEARCH_PATH = """\
SELECT pg_catalog.set_config('search_path', pg_catalog.array_to_string(
    ARRAY['public'] || ARRAY(
        SELECT pg_catalog.quote_ident(name)
        FROM pg_catalog.unnest(pg_catalog.current_schemas(false)) WITH ORDINALITY AS path (name, place)
        WHERE name NOT IN ('public', 'pg_catalog', current_user)
        ORDER BY place
    ), ', '
), false)"""
"""Put public first, keep the rest of the path, and leave out the schema named like the login.

Source: ddl-schemas, "The Schema Search Path".
"""

_APPLICATION_NAME = """\
SELECT pg_catalog.set_config(
    'application_name',
    coalesce(nullif(pg_catalog.current_setting('application_name'), ''), :program),
    false
)"""
_KEEPALIVES = {
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}
"""In seconds: after 20 of them, the server gives up a client that the network has cut off."""
_WHERE_SUPPORTED = {"client_connection_check_interval": "1s", "tcp_user_timeout": "20s"}
"""How often the server looks whether the client of a running statement is still there, and how long
it waits for the client's network to take what it has sent.

The servers of some platforms refuse these settings. Source: runtime-config-connection.
"""

PING_EVERY_S = 0.1
"""Far less than `idle_in_transaction_timeout`, which ends an idle session too."""
_READ_ONLY = """\
SELECT pg_catalog.pg_is_in_recovery() AS is_in_recovery, setting = 'on' AS is_read_only, source
FROM pg_catalog.pg_settings
WHERE name = 'default_transaction_read_only'"""


def set_settings(
    connection: Connection, settings: Mapping[str, str], *, is_local: bool = False
) -> None:
    """Set settings of the session with one statement, in the open transaction or a new one.

    :param is_local: Whether they end with the transaction, as SET LOCAL.
    """
    if not settings:
        return
    calls: list[str] = []
    parameters: dict[str, str] = {}
    scope = "true" if is_local else "false"
    for number, (name, value) in enumerate(settings.items()):
        calls.append(f"pg_catalog.set_config(:name_{number}, :value_{number}, {scope})")
        parameters |= {f"name_{number}": name, f"value_{number}": value}
    connection.execute(text(f"SELECT {', '.join(calls)}"), parameters)


def prepare_session(connection: Connection, *, limits: Limits) -> None:
    """Set the timeouts, search_path and application_name of a session, and commit."""
    settings = {
        "lock_timeout": duration_text(limits.lock_timeout_ms),
        "statement_timeout": duration_text(limits.statement_timeout_ms),
    }
    set_settings(connection, settings)
    connection.execute(text(_APPLICATION_NAME), {"program": program_name()})
    connection.execute(text(SEARCH_PATH))
    connection.commit()
    # SQLAlchemy read the default schema before the path was set.
    connection.dialect.default_schema_name = "public"


def program_name() -> str:
    """Return the name of the running program, which for `python -m` is that of the package."""
    path = Path(*sys.argv[:1])
    name = path.parent.name if path.name == "__main__.py" else path.name
    return "alembic" if not name or name.startswith("-") else name


def refuse_read_only(connection: Connection, database: DatabaseInfo) -> None:
    """Refuse a server or a login that accepts no changes, and commit.

    :raises DatabaseError: It is one.
    Source: functions-admin, pg_is_in_recovery(); runtime-config-client.
    """
    row = connection.execute(text(_READ_ONLY)).one()
    connection.commit()
    if row.is_in_recovery:
        raise DatabaseError(
            "the server is in recovery: a standby, or a server that restores a backup, accepts no "
            "changes",
            where=str(database),
            todo="name the primary server in the URL, or wait until this one is promoted",
        )
    if row.is_read_only:
        raise DatabaseError(
            f"default_transaction_read_only is on (from: {row.source}): transactions accept no changes",
            where=str(database),
            todo="find out who wants it so; then turn it off for this login: ALTER ROLE … IN DATABASE "
            "… SET default_transaction_read_only = off",
        )


def prepare_to_write(connection: Connection, *, limits: Limits) -> None:
    """Let the server end the session soon after its client has died or was cut off, and commit.

    Without it, a session whose client is gone waits for its lock in front of all others.
    """
    idle = duration_text(limits.idle_in_transaction_timeout_ms)
    settings = _KEEPALIVES | {
        "idle_in_transaction_session_timeout": idle,
        "idle_session_timeout": idle,
    }
    set_settings(connection, settings)
    connection.commit()
    for name, value in _WHERE_SUPPORTED.items():
        with suppress(DBAPIError):
            set_settings(connection, {name: value})
        connection.commit()


def ping(connection: Connection) -> None:
    """Show the server that the client of the session is alive, and commit."""
    connection.exec_driver_sql("SELECT 1")
    connection.commit()


def pause_alive(connection: Connection, seconds: float) -> None:
    """Sleep outside of a transaction, and keep the session from being idle.

    A signal ends the sleep soon, also in an event loop: the next statement is cancelled.
    """
    end_s = time.monotonic() + seconds
    while (left_s := end_s - time.monotonic()) > 0:
        time.sleep(min(left_s, PING_EVERY_S))
        ping(connection)


def run_alive(connection: Connection, work: Callable[[], T]) -> T:
    """Call `work` in a thread and return its result; meanwhile the session is not idle.

    For Python code of the project, however long it takes. No transaction may be open, and `work` sends
    nothing on the connection.
    """
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:
            future.set_exception(error)

    Thread(target=run, name="beside the session", daemon=True).start()
    while wait([future], PING_EVERY_S).not_done:
        ping(connection)
    return future.result()
