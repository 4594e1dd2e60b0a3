"""Commands on a connection: one of our own, or one that was handed over."""

from __future__ import annotations

import asyncio

from alembic import context
from sqlalchemy.engine import Connection

from alembic_proof.env.advisory_lock import advisory_lock
from alembic_proof.env.bootstrap import ensure_bootstrap
from alembic_proof.env.notices import tell_notices
from alembic_proof.env.progress import last_line
from alembic_proof.env.request import Request
from alembic_proof.env.session import Place, prepare_session, read_place
from alembic_proof.errors import ConfigError
from alembic_proof.postgres.connect import run_on
from alembic_proof.postgres.url import DatabaseUrl


def run_on_url(request: Request, url: str, *, is_local: bool) -> None:
    """Ensures that the command is done on a connection of its own.

    Raises:
        ConfigError: the URL cannot be used, or an event loop runs in this thread.
        ServerError: no connection.
        DatabaseError: another migration of the same database does not end.
    """
    _refuse_running_loop()
    request.steps.is_local = is_local
    address = "this checkout's server" if is_local else _address(DatabaseUrl.parse(url))
    run_on(url, lambda connection: _run_own(request, connection, address, is_local=is_local))


def run_on_connection(request: Request, connection: object) -> None:
    """Ensures that the command is done on a connection whose settings are its owner's business.

    Raises:
        ConfigError: it is not a sync Connection.
    """
    if not isinstance(connection, Connection):
        raise ConfigError(
            'config.attributes["connection"] is not a sync Connection',
            todo="from an AsyncConnection, call Alembic inside of `await connection.run_sync(…)`",
        )
    is_outer = connection.in_transaction()
    place = read_place(connection)
    if not is_outer:
        connection.commit()
    _run(request, connection, place, is_local=False)


def _run_own(request: Request, connection: Connection, address: str, *, is_local: bool) -> None:
    prepare_session(connection, lock_timeout=request.lock_timeout)
    place = read_place(connection, address=address)
    connection.commit()
    request.progress.say(f"database: {place}")
    if not request.command.is_writing:
        _run(request, connection, place, is_local=is_local)
        return
    tell_notices(connection, say=request.progress.say)
    with advisory_lock(connection, wait_s=request.wait_s, say=request.progress.say):
        _run(request, connection, place, is_local=is_local)


def _run(request: Request, connection: Connection, place: Place, *, is_local: bool) -> None:
    """Run the command; a connection outside of a transaction is outside of one afterwards."""
    is_outer = connection.in_transaction()
    request.configure(connection=connection)
    if request.command.is_writing:
        _prepare(request, connection, is_local=is_local)
    with request.steps.watching(connection):
        context.run_migrations()
    if not is_outer:
        connection.commit()
    if request.command.is_writing:
        request.progress.say(last_line(request.steps.start, request.steps.heads, place))


def _prepare(request: Request, connection: Connection, *, is_local: bool) -> None:
    """Learn what will run, and make the cluster ready for it."""
    is_outer = connection.in_transaction()
    migration = context.get_context()
    heads = () if request.command.has_purge else migration.get_current_heads()
    first = request.steps.fetch(heads, migration)
    if not is_outer:
        connection.commit()
    bootstrap = request.bootstrap_for(first, is_local=is_local)
    if bootstrap is not None:
        ensure_bootstrap(connection, bootstrap)


def _refuse_running_loop() -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise ConfigError(
        "Alembic was called inside of a running event loop",
        todo="call it with `await asyncio.to_thread(…)`, "
        'or hand over config.attributes["connection"]',
    )


def _address(url: DatabaseUrl) -> str:
    """Host and port, or the socket's directory."""
    hosts = (
        host if port is None or host.startswith("/") else f"{host}:{port}"
        for host, port in url.hosts
        if host
    )
    return ", ".join(hosts) or "the default host"
