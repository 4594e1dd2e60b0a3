"""A command on a session of its own: connect, take the migration lock, run the steps."""

from __future__ import annotations

from contextlib import nullcontext

from alembic import context
from sqlalchemy import text
from sqlalchemy.engine import Connection

from alembic_deploy.advisory_lock import VersionTable, advisory_lock
from alembic_deploy.blockers import LockWatcher
from alembic_deploy.connect import ServerWait, driver_connection, read_database_info, run_on
from alembic_deploy.deployment import MigrationSession, Preparation
from alembic_deploy.outcome import read_outcome
from alembic_deploy.pooler import refuse_transaction_pooling
from alembic_deploy.process_exit import cancelled_on_signal, prompt_exit
from alembic_deploy.progress import report_notices
from alembic_deploy.request import Request
from alembic_deploy.runner import run_with_retries
from alembic_deploy.search_path import safe_search_path
from alembic_deploy.server_message import server_message
from alembic_deploy.session import prepare_session, prepare_to_write, refuse_read_only
from alembic_deploy.url import DatabaseUrl


def run_on_url(request: Request, url: str, *, is_local: bool) -> None:
    """Run the command on a connection of its own, in a thread where no event loop runs.

    :param is_local: Whether the URL is that of the checkout's own database.
    :raises ConfigError: The URL cannot be used, or leads to a pooler of transactions.
    :raises ServerError: No connection.
    :raises DatabaseError: Another migration of the same database does not end, or the server is
        read-only.
    """
    steps, command = request.steps, request.command
    if command.is_writing:
        url = DatabaseUrl.parse(url).with_keepalives().text
    steps.is_local = is_local
    # A program that walks a history has an end of its own.
    is_json = request.progress.is_json
    with prompt_exit(describe=steps.describe, is_json=is_json) if command.name else nullcontext():
        try:
            _connect(request, url)
        except Exception as error:
            message = server_message(error)
            if message is not None and message.is_connection_lost and steps.running is not None:
                steps.outcome = read_outcome(
                    url,
                    version_table=VersionTable.of(context.get_context()),
                    limits=request.limits,
                    print_line=request.progress.print_line,
                )
            raise


def _connect(request: Request, url: str) -> None:
    """Run the command on a new connection; one that writes waits for the server."""
    is_local = request.steps.is_local
    address = "this checkout's server" if is_local else DatabaseUrl.parse(url).address
    print_line = request.progress.print_line
    wait = ServerWait(wait_s=request.limits.server_wait_ms / 1000, print_line=print_line)

    def work(connection: Connection) -> None:
        cancel = getattr(driver_connection(connection), "cancel", None)
        with cancelled_on_signal(cancel):
            _run(request, connection, url, address)

    run_on(url, work, wait=wait if request.command.is_writing else None)


def _run(request: Request, connection: Connection, url: str, address: str) -> None:
    refuse_transaction_pooling(connection, url)
    if request.command.is_writing:
        prepare_to_write(connection, limits=request.limits)  # first: from here on it may be cut off
    prepare_session(connection, limits=request.limits)
    database = read_database_info(connection, address=address)
    connection.commit()
    progress = request.progress
    progress.print_line(f"database: {database}")
    migration = request.configure(connection=connection)
    session = MigrationSession(
        connection=connection,
        migration=migration,
        database=database,
        steps=request.steps,
        limits=request.limits,
        progress=progress,
        url=url,
    )
    deployment = request.deployment
    if deployment.work is not None and deployment.preparation is Preparation.NONE:
        deployment.work(session)
    elif not request.command.is_writing:
        run_steps(request, connection)
    else:
        _migrate(request, session)


def run_steps(request: Request, connection: Connection) -> None:
    """Run the command in the context that is configured; leave a transaction that was open."""
    is_outer = connection.in_transaction()
    with request.steps.watching(connection):
        context.run_migrations()
    if not is_outer:
        connection.commit()


def _migrate(request: Request, session: MigrationSession) -> None:
    """Run a command that writes, under the migration's lock unless its work takes a lock itself."""
    progress, connection = session.progress, session.connection
    report_notices(connection, print_line=progress.print_line)
    refuse_read_only(connection, session.database)
    wait_s = session.limits.migrator_wait_ms / 1000
    table = VersionTable.of(session.migration)
    lock = advisory_lock(connection, table, wait_s=wait_s, print_line=progress.print_line)
    has_own_lock = request.deployment.preparation is Preparation.BACKFILL
    with nullcontext() if has_own_lock else lock:
        with safe_search_path(connection, version_table=table.name):
            request.prepare_database(connection, is_local=request.steps.is_local)
        for check in request.deployment.before:
            check(session)
        if request.deployment.work is not None:
            request.deployment.work(session)
        else:
            _run_watched(session)
            request.report_end(session.database)


def _run_watched(session: MigrationSession) -> None:
    """Run the steps while a second connection watches which sessions hold their locks."""
    connection, steps = session.connection, session.steps
    pid, name = _identify(connection)
    watcher = LockWatcher(session.url, pid=pid)
    watched = steps.watching(connection, application_name=name, watcher=watcher)
    with watched, watcher.watching():
        run_with_retries(
            context.run_migrations,
            connection=connection,
            steps=steps,
            limits=session.limits,
            watcher=watcher,
            progress=session.progress,
        )
    connection.commit()


def _identify(connection: Connection) -> tuple[int, str]:
    """Return the process id of the session's backend, and its application_name."""
    row = connection.execute(
        text("SELECT pg_catalog.pg_backend_pid(), pg_catalog.current_setting('application_name')")
    ).one()
    connection.commit()
    return row[0], row[1]
