"""The dry run: all pending revisions in one transaction on the real database, which is rolled back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from alembic import context
from sqlalchemy import event, text
from sqlalchemy.engine import Connection

from alembic_deploy.blockers import LockWatcher
from alembic_deploy.concurrently import is_concurrently
from alembic_deploy.deployment import MigrationSession
from alembic_deploy.errors import HistoryError
from alembic_deploy.pending import PendingRevision, pending_revisions
from alembic_deploy.progress import name_of
from alembic_deploy.runner import run_with_retries
from alembic_deploy.server_message import server_message, shown_statement
from alembic_deploy.step_effects import ends_transaction

_UNSAFE_NEW_VALUE = "55P04"
"""unsafe_new_enum_value_usage. Source: errcodes-appendix."""
_PID = "SELECT pg_catalog.pg_backend_pid()"
_DEFERRED = """\
SELECT pg_catalog.string_agg(DISTINCT
    pg_catalog.format('%I.%I', space.nspname, own.conname), ', '
)
FROM pg_catalog.pg_constraint AS own
JOIN pg_catalog.pg_namespace AS space ON space.oid = own.connamespace
WHERE own.condeferred"""


def dry_run(session: MigrationSession) -> None:
    """Run the pending revisions in one transaction and roll it back; each is tried once.

    It takes the locks that an upgrade takes, and holds them all until its end. A backfill is one
    UPDATE in it.

    :raises HistoryError: A revision cannot run in a transaction with others; nothing has run.
    :raises Exception: What a revision raises; everything is rolled back.
    """
    connection, steps, progress = session.connection, session.steps, session.progress
    revisions = pending_revisions(connection, steps.remaining)
    _refuse_what_commits(revisions)
    progress.print_line(
        "dry run: one transaction, which holds the locks of all revisions until it is rolled back"
    )
    pid = connection.execute(text(_PID)).scalar_one()
    connection.rollback()
    watcher = LockWatcher(session.url, pid=pid)
    steps.is_dry_run = True
    with _outer_transaction(session), steps.watching(connection), watcher.watching():
        try:
            run_with_retries(
                context.run_migrations,
                connection=connection,
                steps=steps,
                limits=replace(session.limits, retries=0),
                watcher=watcher,
                progress=progress,
            )
        except Exception as error:
            _explain_new_value(error)
            raise
    progress.print_line(
        f"dry run: rolled back, {session.database} is still at {name_of(steps.start)}"
    )


def _refuse_what_commits(revisions: Iterable[PendingRevision]) -> None:
    last = "base"
    for revision in revisions:
        for statement in revision.statements:
            if ends_transaction(statement) or is_concurrently(statement):
                shown = next(filter(is_concurrently, revision.statements), statement)
                raise _cannot(revision, shown, last=last)
        last = revision.revision_id


def _cannot(revision: PendingRevision, statement: str, *, last: str) -> HistoryError:
    return HistoryError(
        f"a dry run is not possible: {revision.direction} of {revision.revision_id} "
        f"({revision.title}) has a part outside of transactions; nothing has run",
        where=f"{revision.path}\n  statement: {shown_statement(statement)}",
        todo=f"name the revision before it, {last}, as the target, or look at it with `plan`",
    )


@contextmanager
def _outer_transaction(session: MigrationSession) -> Iterator[None]:
    """Hold one transaction, which no revision can commit, for as long as the block lasts."""
    connection, migration = session.connection, session.migration
    callbacks = migration.on_version_apply_callbacks

    def check_deferred(**_: Any) -> None:
        _check_deferred(connection)

    def refuse_commit(_: Connection) -> None:
        # SQLAlchemy then takes the transaction for ended, and would commit it with the next one.
        connection.dialect.do_rollback(connection.connection)
        raise _committed()

    def refuse_statement(_: Connection, __: Any, statement: str, *___: Any) -> None:
        if ends_transaction(statement):
            raise _committed()

    listeners: dict[str, Callable[..., None]] = {
        "commit": refuse_commit,
        "before_cursor_execute": refuse_statement,
    }
    connection.begin()
    # Alembic finds out when its context is configured, which run_env() has done before.
    migration._in_external_transaction = True
    migration.on_version_apply_callbacks = (*callbacks, check_deferred)
    for name, listener in listeners.items():
        event.listen(connection, name, listener)
    try:
        yield
    finally:
        for name, listener in listeners.items():
            event.remove(connection, name, listener)
        migration.on_version_apply_callbacks = callbacks
        migration._in_external_transaction = False
        connection.rollback()


def _committed() -> HistoryError:
    return HistoryError(
        "a dry run is not possible: the revision ends the transaction itself",
        todo="name the revision before it as the target, or look at it with `plan`",
    )


def _check_deferred(connection: Connection) -> None:
    """Check deferred constraints after a revision, as its commit would.

    Otherwise a later revision could not alter a table with pending checks.
    Source: sql-set-constraints.
    """
    names = connection.execute(text(_DEFERRED)).scalar_one()
    if names:
        for statement in ("SET CONSTRAINTS ALL IMMEDIATE", f"SET CONSTRAINTS {names} DEFERRED"):
            connection.exec_driver_sql(statement, execution_options={"no_parameters": True})


def _explain_new_value(error: Exception) -> None:
    """Explain the one rule of PostgreSQL that revisions in one transaction cannot keep.

    :raises HistoryError: It is that rule.
    Source: sql-altertype, ADD VALUE.
    """
    message = server_message(error)
    if message is not None and message.sqlstate == _UNSAFE_NEW_VALUE:
        raise HistoryError(
            f"a dry run is not possible: {message.one_line}",
            todo="name the revision that adds the value as the target: in a dry run it is not "
            "committed before the next one",
        ) from error
