"""An upgrade exactly as `alembic upgrade` runs it: env.py decides on the transactions."""

from __future__ import annotations

import io
from collections.abc import Collection, Iterable, Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext, RevisionStep
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from alembic_deploy.connect import run_on
from alembic_deploy.error_location import location_in
from alembic_deploy.errors import DeployError, HistoryError
from alembic_deploy.python_errors import describe
from alembic_deploy.revisions import refuse_unknown_heads
from alembic_proof.history.dry_run import is_transaction_over
from alembic_proof.history.env_py import (
    explained_failures,
    no_migrations,
    refuse_another_database,
    run_env_py,
)
from alembic_proof.history.guarded_step import guarded_step
from alembic_proof.history.lock_wait import USE_ONE_CONNECTION, LockWaitError, LockWatch
from alembic_proof.history.revisions import load_history
from alembic_proof.history.version_table import version_tables

_COMMIT_TODO = (
    "look in env.py (or what it calls) for a rollback() after run_migrations(), or a transaction that "
    "is begun before context.configure(), by a statement or connection.begin(): Alembic leaves that "
    "one to env.py, so connection.commit() before context.configure(), or at the end"
)
"""What to do if nothing that `alembic upgrade` has done is committed."""

LEAVE_TRANSACTION_TODO = (
    "leave it to Alembic (no commit() on op.get_bind()); what must run outside of a transaction goes "
    "into op.get_context().autocommit_block()"
)


@dataclass(slots=True)
class UpgradeRun:
    """One run of env.py that upgrades a database, while it runs and afterwards."""

    watch: LockWatch = field(default_factory=lambda: LockWatch(None))
    """Cancels an endless lock wait of a revision."""
    place: str = ""
    """The path of env.py."""
    has_begun: bool = False
    start: tuple[str, ...] = ()
    """The heads that the database was at."""
    done: list[str] = field(default_factory=list)
    """The revisions whose upgrade() succeeded, in order; env.py decides whether they are committed."""
    running: str = ""
    """The revision whose upgrade() runs now, or failed; empty between two."""
    ended_transaction: list[str] = field(default_factory=list)
    """The revisions that ended the transaction which Alembic had begun."""
    error: BaseException | None = None
    """The original error of that upgrade(), else the error of env.py."""
    raised_at: str = ""
    """The file and line of the revision that raised it; empty where it came from elsewhere."""
    heads: frozenset[str] | None = None
    """The heads that Alembic wrote into the version table; None where it had nothing to do."""
    is_one_transaction: bool = False
    """Whether one transaction holds all revisions, Alembic's own or one that env.py began."""
    version_table: str = ""
    version_schema: str | None = None

    @property
    def remedy(self) -> str:
        """What to do where the run is not committed."""
        if not self.ended_transaction:
            return _COMMIT_TODO
        return f"revision {', '.join(self.ended_transaction)} ends Alembic's transaction: {LEAVE_TRANSACTION_TODO}"


def run_upgrade(config: Config, revision: str) -> None:
    """Upgrade the configuration's database to `revision`, and check that the upgrade is committed.

    :raises HistoryError: the upgrade fails, or env.py commits nothing.
    """
    run = UpgradeRun(watch=LockWatch.of(config))
    try:
        with run.watch.watching():
            _run_env(config, revision, run)
    except DeployError as error:
        wait = run.watch.explain(run.error or error)
        if not isinstance(wait, LockWaitError):
            raise
        raise _never_ends(run, wait) from error
    if run.running:
        raise HistoryError(
            f"env.py keeps the error of revision {run.running} to itself: "
            f"{describe(run.error) if run.error else 'the upgrade has not ended'}",
            where=run.place,
            todo="let what a revision raises pass through it",
        )
    if missing := uncommitted(run, url=config.attributes.get("url")):
        raise HistoryError(missing, where=run.place, todo=run.remedy)


def _never_ends(run: UpgradeRun, wait: LockWaitError) -> HistoryError:
    return HistoryError(
        f"the upgrade of revision {run.running} never ends: {wait}\n"
        f"  statement: {wait.waiter.statement}\n  waits for: {wait.holder.statement}",
        where=run.raised_at,
        todo=USE_ONE_CONNECTION,
    )


def try_upgrade(config: Config, revisions: Collection[str]) -> UpgradeRun:
    """Upgrade the configuration's database to these revisions; an error is in the result.

    The output of env.py and of the revisions is kept from standard output.

    :raises HistoryError: env.py runs no migrations.
    """
    run = UpgradeRun(watch=LockWatch.of(config))
    try:
        with redirect_stdout(io.StringIO()), run.watch.watching():
            _run_env(config, tuple(revisions), run)
    except DeployError as error:
        if not run.has_begun:
            raise
        run.error = run.error or error
    if run.error is not None:
        run.error = run.watch.explain(run.error)
    return run


def uncommitted(run: UpgradeRun, *, url: str | None) -> str:
    """Return what a new connection to `url` lacks of the run; empty where all of it is there.

    A database whose version table the connection may not read counts as committed.
    """
    if url is None or run.heads is None:
        return ""
    tables = run_on(url, lambda connection: _versions(connection, run))
    if run.heads in tables or None in tables:
        return ""
    wanted = ", ".join(sorted(run.heads))
    found = ", ".join(sorted(head for heads in tables for head in heads or ()))
    seen = found or (
        f"no revision in {run.version_table}" if tables else f"no table {run.version_table}"
    )
    end = "does not commit it" if found or run.ended_transaction else "commits nothing"
    return (
        f"`alembic upgrade` to {wanted} ends without an error and {end}: "
        f"a new connection finds {seen}"
    )


def is_rolled_back(run: UpgradeRun, *, url: str) -> bool:
    """Return whether a run that failed has left the database at `url` where it was."""
    tables = run_on(url, lambda connection: _versions(connection, run))
    return frozenset(run.start) in tables or not (run.start or tables)


def _versions(connection: Connection, run: UpgradeRun) -> list[frozenset[str] | None]:
    """Return the heads in each version table of that name; None for one that may not be read."""
    found: list[frozenset[str] | None] = []
    for table in version_tables(connection, name=run.version_table, schema=run.version_schema):
        try:
            with connection.begin_nested():
                found.append(frozenset(table.read(connection)))
        except DBAPIError:
            found.append(None)
    return found


def _run_env(config: Config, revision: str | tuple[str, ...], run: UpgradeRun) -> None:
    """Run env.py for an upgrade as `alembic.command.upgrade` does."""
    with explained_failures(config):
        script = load_history(config)
        run.place = f"{script.dir}/env.py"

        def upgrade(heads: Any, migration: MigrationContext) -> Iterator[RevisionStep]:
            refuse_another_database(migration, config=config, place=run.place)
            _note_context(run, migration)
            run.start = tuple(sorted(heads))
            refuse_unknown_heads(heads, migration)
            for step in script._upgrade_revs(revision, heads):  # type: ignore[arg-type]
                yield _noted(step, run, migration)
                run.watch.end()
                run.done.append(step.revision.revision)
                run.running = ""

        run_env_py(EnvironmentContext(config, script, fn=upgrade, destination_rev=revision))
    if not run.has_begun:
        raise no_migrations(run.place)


def _note_context(run: UpgradeRun, migration: MigrationContext) -> None:
    """Record env.py's options, and the heads that Alembic writes from now on."""

    def note(*, heads: Iterable[str], **_: Any) -> None:
        run.heads = frozenset(heads)

    run.has_begun = True
    run.version_table = migration.version_table
    run.version_schema = migration.version_table_schema
    run.is_one_transaction = migration._in_external_transaction or (
        migration.impl.transactional_ddl and not migration._transaction_per_migration
    )
    migration.on_version_apply_callbacks = (*migration.on_version_apply_callbacks, note)


def _noted(step: RevisionStep, run: UpgradeRun, migration: MigrationContext) -> RevisionStep:
    """Return the step, which records that it runs, its error and whether it commits by itself."""
    migrate = guarded_step(step).migration_fn

    def upgrade(**arguments: Any) -> None:
        run.running = step.revision.revision
        run.watch.begin()
        try:
            migrate(**arguments)
        except Exception as error:
            run.error = error
            run.raised_at = location_in(error, (Path(step.revision.path),))
            raise
        if is_transaction_over(migration):
            run.ended_transaction.append(run.running)

    step.migration_fn = upgrade
    return step
