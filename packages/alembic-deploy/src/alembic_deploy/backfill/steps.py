"""What an upgrade and a downgrade do about backfills, before and after a revision's own work."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

from alembic.runtime.migration import MigrationContext, MigrationStep, RevisionStep
from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from alembic_deploy.advisory_lock import VersionTable, advisory_lock
from alembic_deploy.backfill.checkpoint import (
    CHECKPOINTS,
    CheckpointTable,
    unfinished_backfills,
)
from alembic_deploy.backfill.declaration import Backfill, read_backfill
from alembic_deploy.backfill.history import HistoryBackfills, read_backfills
from alembic_deploy.backfill.loop import (
    BackfillFinished,
    BackfillSettings,
    backfill_title,
    is_finished,
    run_backfill,
)
from alembic_deploy.backfill.statements import (
    escaped,
    read_relations,
    refuse_unfinished,
    single_update,
)
from alembic_deploy.errors import DatabaseError, HistoryError
from alembic_deploy.events import Note, Observe
from alembic_deploy.limits import Limits
from alembic_deploy.revisions import graph_of
from alembic_deploy.server_message import server_message
from alembic_deploy.session import set_settings

_NONE = HistoryBackfills(by_revision={}, required_by_revision={})


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillRunner:
    """Runs the backfills of one command."""

    migration: MigrationContext
    backfills: HistoryBackfills
    report: Observe
    settings: BackfillSettings
    lock_wait_s: float
    """How long it waits for another process that runs backfills."""
    is_skipped: bool = False
    """Whether an upgrade leaves them to the command `backfill`."""

    @classmethod
    def of(
        cls,
        migration: MigrationContext,
        *,
        limits: Limits,
        deadline_s: float | None,
        report: Observe,
        is_idle: bool = False,
        is_skipped: bool = False,
    ) -> BackfillRunner:
        """Return what runs the backfills of the history that is loaded.

        :param deadline_s: When a backfill stops, in the time of time.monotonic().
        :param is_idle: Whether the command runs no backfill: `stamp`, or a proof.
        :raises HistoryError: A declaration that cannot be used.
        """
        script = migration.script
        return cls(
            migration=migration,
            backfills=_NONE if is_idle or script is None else read_backfills(script),
            report=report,
            settings=settings_of(limits, deadline_s=deadline_s),
            lock_wait_s=limits.migrator_wait_ms / 1000,
            is_skipped=is_skipped,
        )

    def before(self, step: MigrationStep) -> None:
        """Do what must be done before the step: finish what it requires, or undo its own backfill.

        :raises HistoryError: The step requires a backfill that is not finished, and they are skipped.
        """
        if not isinstance(step, RevisionStep):
            return
        own = self.backfills.by_revision.get(step.revision.revision)
        if step.is_downgrade and own is not None:
            self._undo(own)
        if step.is_upgrade:
            for required in self.backfills.required_by_revision.get(step.revision.revision, ()):
                self._finish(required, step)

    def after(self, step: MigrationStep) -> None:
        """Run the backfill of a revision that is applied now."""
        if not isinstance(step, RevisionStep):
            return
        own = self.backfills.by_revision.get(step.revision.revision)
        if step.is_upgrade and own is not None and not self.is_skipped:
            self.run(own)

    def announce(self, revision_id: str) -> None:
        """Record the backfill of a revision that is being applied, in the revision's transaction.

        The next upgrade then goes on with the backfill, also where this process ends after its commit.

        :raises DatabaseError: The batches cannot go through its table.
        """
        own = self.backfills.by_revision.get(revision_id)
        if own is None or self.migration.as_sql or self._is_in_outer_transaction:
            return
        read_relations(self._connection, own)
        CheckpointTable.of(self._connection, self.migration).announce(self._connection, own)

    def resume(self) -> int:
        """Run the backfills of applied revisions that are not finished; return how many it ran."""
        if self.is_skipped or not self.backfills.by_revision or self.migration.as_sql:
            return 0
        declared = (
            self.backfills.by_revision.get(one.revision)
            for one in unfinished_backfills(self.migration)
        )
        found = tuple(one for one in declared if one is not None)
        for backfill in found:
            self.run(backfill)
        return len(found)

    def run_pending(self, name: str | None = None) -> None:
        """Run the backfills of the applied revisions, or the one of that name.

        :raises HistoryError: There is none of that name, or its revision is not applied.
        """
        heads, script = self.migration.get_current_heads(), self.migration.script
        applied = graph_of(script).ancestors(heads, with_dependencies=True) if script else ()
        self._connection.commit()
        wanted = (
            self.backfills.by_revision.values() if name is None else [self.backfills.named(name)]
        )
        rows = 0
        for backfill in wanted:
            if backfill.revision in applied:
                done = self.run(backfill)
                rows += done.rows_done if done else 0
            elif name is not None:
                raise HistoryError(
                    f"the revision {backfill.revision} of the backfill {name} is not applied",
                    where=backfill.path,
                    todo="upgrade first",
                )
        if not rows:
            self.report(Note(text="nothing to do: no row is left to backfill"))

    def run(self, backfill: Backfill, *, is_undo: bool = False) -> BackfillFinished | None:
        """Run it until no row is left; None where it is one UPDATE of the caller's transaction.

        :raises DatabaseError: It fails; what its batches have committed stays.
        """
        if self.migration.as_sql:
            self.migration.impl.static_output("BEGIN;")
            run_as_one_update(self.migration, backfill, is_undo=is_undo)
            self.migration.impl.static_output("COMMIT;")
            return None
        connection = self._connection
        with explained(backfill, is_undo=is_undo):
            if self._is_in_outer_transaction:  # its owner commits or rolls back all
                self._run_in_outer(backfill, is_undo=is_undo)
                return None
            table = CheckpointTable.of(connection, self.migration)
            connection.commit()
            with self._lock():
                result = run_backfill(
                    connection,
                    backfill,
                    table=table,
                    is_undo=is_undo,
                    settings=self.settings,
                    report=self.report,
                )
        self.report(result)
        return result

    def _lock(self) -> AbstractContextManager[None]:
        """Return the lock that lets one process at a time run backfills, for longer than an upgrade."""
        return advisory_lock(
            self._connection,
            VersionTable(name=CHECKPOINTS, schema=self.migration.version_table_schema),
            wait_s=self.lock_wait_s,
            print_line=lambda line: self.report(Note(text=f"    {line}")),
            what="backfill",
        )

    def _run_in_outer(self, backfill: Backfill, *, is_undo: bool) -> None:
        connection, started_s = self._connection, time.monotonic()
        rows = run_as_one_update(self.migration, backfill, is_undo=is_undo)
        seconds = time.monotonic() - started_s
        table = CheckpointTable.of(connection, self.migration)
        if is_undo:
            table.remove(connection, backfill)
        else:
            table.finish(connection, backfill)
        title = backfill_title(backfill.name, is_undo=is_undo)
        self.report(Note(text=f"    {title}: {rows:,} rows in {seconds:.1f} s, in one UPDATE"))

    def _undo(self, backfill: Backfill) -> None:
        if backfill.undo is not None:
            self.run(backfill, is_undo=True)
        elif not self.migration.as_sql:
            connection = self._connection
            is_outer = self._is_in_outer_transaction
            with nullcontext() if is_outer else self._lock():
                CheckpointTable.of(connection, self.migration).remove(connection, backfill)
                if not is_outer:
                    connection.commit()

    def _finish(self, backfill: Backfill, step: RevisionStep) -> None:
        if self.migration.as_sql:
            guard = refuse_unfinished(backfill, revision=step.revision.revision)
            self.migration.impl.static_output(f"{guard};")
            return
        if not self.is_skipped:
            self.run(backfill)
            return
        with explained(backfill):
            if is_finished(self._connection, backfill):
                return
        raise HistoryError(
            f"revision {step.revision.revision} requires the backfill {backfill.name}, "
            "which is not finished",
            where=step.revision.path,
            todo=f"run the command `backfill {backfill.name}`, then upgrade",
        )

    @property
    def _is_in_outer_transaction(self) -> bool:
        """Return whether a transaction was open when env.py configured the connection."""
        return bool(self.migration._in_external_transaction)

    @property
    def _connection(self) -> Connection:
        if self.migration.connection is None:
            raise HistoryError("env.py connects to no database")
        return self.migration.connection


def settings_of(limits: Limits, *, deadline_s: float | None) -> BackfillSettings:
    """Return the bounds of a backfill that follow from those of its command."""
    return BackfillSettings(
        target_ms=limits.backfill_batch_time_ms or BackfillSettings().target_ms,
        max_lag_s=limits.backfill_max_lag_ms / 1000 or math.inf,
        wait_s=limits.retry_time_ms / 1000 or math.inf,
        deadline_s=deadline_s,
    )


@contextmanager
def explained(backfill: Backfill, *, is_undo: bool = False) -> Iterator[None]:
    """Raise a server's error in this block as one that names the backfill.

    :raises DatabaseError: What the server says, and that the batches before stay. A lost connection
        passes.
    """
    try:
        yield
    except DBAPIError as error:
        message = server_message(error)
        if message is None or message.is_connection_lost:
            raise
        kind = "undo of the backfill" if is_undo else "backfill"
        raise DatabaseError(
            f"the {kind} {backfill.name} failed: {message.one_line}",
            where=f"{backfill.path}\n  now: what its batches have done so far stays",
            todo="correct what it names and run the command again: it goes on from there",
        ) from error


def backfill_of(step: RevisionStep) -> Backfill | None:
    """Return the backfill of the step's revision; None without one.

    :raises HistoryError: A declaration that cannot be used.
    """
    revision = step.revision
    return read_backfill(revision.module, revision=revision.revision, path=revision.path)


def run_as_one_update(migration: MigrationContext, backfill: Backfill, *, is_undo: bool) -> int:
    """Make the same change with one UPDATE in the transaction that is open, or write it as SQL.

    Return the number of rows; 0 for a script.
    """
    update = single_update(backfill, is_undo=is_undo)
    settings = dict(backfill.settings)
    if migration.as_sql:
        for name, value in settings.items():
            quoted = value.replace("'", "''")
            migration.impl.static_output(f"SET LOCAL {name} = '{quoted}';")
        migration.impl.static_output(f"{update};")
        return 0
    connection = migration.connection
    if connection is None:
        raise HistoryError("env.py connects to no database")
    before = {name: _setting(connection, name) for name in settings}
    set_settings(connection, settings, is_local=True)
    rows = connection.execute(text(escaped(update))).rowcount
    if is_undo:
        # ALTER TABLE refuses a table with deferred checks pending; a deployment has committed here.
        connection.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    set_settings(connection, before, is_local=True)
    return int(rows)


def _setting(connection: Connection, name: str) -> str:
    found = connection.execute(
        text("SELECT pg_catalog.current_setting(:name, true)"), {"name": name}
    )
    return found.scalar_one() or ""
