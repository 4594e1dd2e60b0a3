"""The steps of one command: fetched before Alembic runs them, timed and recorded while it does."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from alembic.runtime.migration import (
    MigrationContext,
    MigrationInfo,
    MigrationStep,
    RevisionStep,
)
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection

from alembic_deploy.backfill.checkpoint import unfinished_backfills
from alembic_deploy.backfill.steps import BackfillRunner
from alembic_deploy.blockers import Blocker, LockWatcher, holds_locks
from alembic_deploy.command import RunningCommand
from alembic_deploy.concurrently import preparing_concurrently
from alembic_deploy.errors import DatabaseError
from alembic_deploy.events import Note, RevisionApplied
from alembic_deploy.git import branches_with
from alembic_deploy.limits import Limits, duration_text, left_ms, shortest_ms
from alembic_deploy.lock_waits import LockWaits
from alembic_deploy.outcome import Outcome
from alembic_deploy.position import (
    HistoryPosition,
    position_of,
    refuse_older_target,
    refused_target,
)
from alembic_deploy.process_exit import refuse_exits_of
from alembic_deploy.progress import Progress, direction_of, title_of
from alembic_deploy.revisions import refuse_unknown_heads, unknown_heads, version_directories
from alembic_deploy.session import set_settings
from alembic_deploy.step_effects import StepEffects


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt to run a revision; times are of `time.monotonic`."""

    step: RevisionStep
    number: int
    """From 1."""
    first_s: float
    """When the first attempt began."""
    started_s: float


class Steps:
    """Alembic's own work function, wrapped: it records which step runs and what is committed.

    When Alembic calls it again after a failure, it goes on with the step that failed.
    """

    def __init__(
        self,
        command: RunningCommand,
        *,
        progress: Progress,
        reset_command: str,
        rebase_command: str,
        limits: Limits,
        is_backfill_skipped: bool = False,
    ) -> None:
        self._command = command
        self._progress = progress
        self._reset_command = reset_command
        self.rebase_command = rebase_command
        """The command that puts a branch's revisions behind the other head; empty without one."""
        self._limits = limits
        self._is_backfill_skipped = is_backfill_skipped
        limit_s = limits.deadline_ms / 1000
        self._deadline_s = time.monotonic() + limit_s if limit_s else None
        self._fetched: Iterator[MigrationStep] | None = None
        self._unfinished: MigrationStep | None = None
        """The next step, or the one that failed."""
        self._application_name: str | None = None
        self._backfills: BackfillRunner | None = None
        self.resumed_backfills = 0
        """How many backfills it has finished that an earlier command left unfinished."""
        self._script: ScriptDirectory | None = None
        self.running: MigrationStep | None = None
        """The step that runs now, or that failed."""
        self.attempt: Attempt | None = None
        """The attempt that runs now, or that failed; None for a step that is no revision."""
        self.outcome: Outcome | None = None
        """What the database says about that attempt, where its connection was lost."""
        self.blockers: tuple[Blocker, ...] = ()
        """The sessions that held the locks of the attempt that failed for good."""
        self.effects = StepEffects()
        """What that step has sent and committed."""
        self.longest_held_ms = 0
        """The time of the longest revision, from its first lock on."""
        self._has_locks = True
        """Whether the step that is done has locks, or had some, of what others use."""
        self._watcher: LockWatcher | None = None
        self.is_dry_run = False
        """Whether nothing is ever committed."""
        self.is_local = False
        """Whether the database is the checkout's own."""
        self.start: tuple[str, ...] = ()
        """The revisions that the database was at."""
        self.heads: tuple[str, ...] = ()
        """The revisions that the database is at, as far as it is committed."""

    def fetch(self, heads: Iterable[str], migration: MigrationContext) -> MigrationStep | None:
        """Return the first step; None when there is nothing to do.

        :param heads: The revisions that the database is at.
        :raises HistoryError: The database is at a revision without a file (`current` and `history`
            show it), or `upgrade` names an older revision.
        :raises CommandError: Alembic finds no path from the heads to the target.
        """
        self.start = self.heads = tuple(heads)
        self._script = script = migration.script
        known = self._known(migration)
        with refused_target(self._command, known):
            self._fetched = iter(self._command.work(known, migration))
            self._unfinished = next(self._fetched, None)
        is_upgrade = self._command.name == "upgrade" and not self._command.is_offline
        if self._unfinished is None and script is not None and is_upgrade:
            refuse_older_target(self._command.target, self.start, script=script)
        return self._unfinished

    @property
    def is_fetched(self) -> bool:
        """Return whether `remaining` is known."""
        return self._fetched is not None

    @property
    def remaining(self) -> tuple[MigrationStep, ...]:
        """Return the steps of Alembic's own command that are not committed, in order."""
        if self._unfinished is None:
            return ()
        rest = tuple(self._fetched or ())
        self._fetched = iter(rest)
        return (self._unfinished, *rest)

    def describe(self) -> str:
        """Return what runs now, in words."""
        if isinstance(self.running, RevisionStep):
            return f"{direction_of(self.running)} of {self.running.revision.revision}"
        return "the command"

    @property
    def position(self) -> HistoryPosition:
        """Return the position of the database in the history."""
        return position_of(self.start, script=self._script, command=self._command.name)

    def _known(self, migration: MigrationContext) -> tuple[str, ...]:
        """Return the database's revisions that have a file; only commands that read go on."""
        unknown = unknown_heads(self.start, migration)
        if unknown and self._command.name not in ("current", "history"):
            refuse_unknown_heads(unknown, migration, todo=self._todo_for(unknown, migration.script))
        for head in unknown:
            self._progress.print_result(f"{head} (unknown: no file here has this revision)")
        if self._command.name == "current" and not self.start:
            self._progress.print_result("base (no revision is applied)")
        return tuple(head for head in self.start if head not in unknown)

    def _todo_for(self, unknown: tuple[str, ...], script: ScriptDirectory | None) -> str:
        """Return what to do about an unknown revision; empty for what an operator does."""
        if self._command.name == "stamp":
            return "`alembic stamp --purge REVISION` forgets it; it changes no table"
        if not self.is_local:
            return ""
        directories = version_directories(script) if script is not None else ()
        branches = branches_with(directories, unknown[0])
        name = f"the branch {branches[0]}, which has" if branches else "the branch that has"
        return (
            f"check out {name} this revision, and downgrade there; "
            f"or empty this local database: `{self._reset_command}`"
        )

    def __call__(self, heads: Iterable[str], migration: MigrationContext) -> Iterator[Any]:
        """Yield each step, as Alembic's `fn`; when it is resumed, that step is committed."""
        if self._fetched is None:
            self.fetch(heads, migration)
        self._backfills = backfills = self.backfills(migration)
        if self._command.name == "upgrade":
            self.resumed_backfills += backfills.resume()
        while (step := self._unfinished) is not None:
            backfills.before(step)
            yield self._begin(step, migration)
            self._note_end(step)
            self._unfinished = next(self._fetched or iter(()), None)
            backfills.after(step)
        if self._command.name == "current":
            for one in unfinished_backfills(migration):
                self._progress.print_result(f"{one}; `upgrade` and `backfill` go on with it")

    def note_version(
        self,
        ctx: MigrationContext,
        step: MigrationInfo,
        heads: Collection[str],
        run_args: Mapping[str, Any],  # noqa: ARG002  Alembic passes these four by name
    ) -> None:
        """Record, as Alembic's `on_version_apply`, that the step's work is done, except its backfill."""
        if ctx.connection is not None and self._command.name and not ctx.as_sql:
            effects = self.effects
            self._has_locks = effects.has_committed or effects.has_built
            self._has_locks = self._has_locks or holds_locks(ctx.connection, but=ctx.version_table)
        self.effects.note_version(heads)
        is_upgrade = step.is_upgrade and not step.is_stamp
        if self._backfills is not None and is_upgrade and step.up_revision_id is not None:
            self._backfills.announce(step.up_revision_id)

    def backfills(self, migration: MigrationContext) -> BackfillRunner:
        """Return what runs the backfills of the command's revisions.

        :raises HistoryError: A declaration that cannot be used.
        """
        return BackfillRunner.of(
            migration,
            limits=self._limits,
            deadline_s=self._deadline_s,
            report=self._progress.emit,
            is_idle=self._command.name not in ("upgrade", "downgrade"),
            is_skipped=self._is_backfill_skipped,
        )

    def _begin(self, step: MigrationStep, migration: MigrationContext) -> MigrationStep:
        """Record that the step begins, and let pg_stat_activity name its revision."""
        last = self.attempt if step is self.running else None
        self.running, self.attempt = step, None
        self.effects.begin()
        now_s = time.monotonic()
        self._refuse_late()
        if not isinstance(step, RevisionStep):
            return step
        if self._application_name is not None and migration.connection is not None:
            name = f"{self._application_name} {step.revision.revision}"
            # Not committed: the version table, which Alembic may just have created, is committed
            # with the first revision.
            settings = {"application_name": name, **self._timeouts()}
            set_settings(migration.connection, settings)
        number, first_s = (last.number + 1, last.first_s) if last else (1, now_s)
        self.attempt = Attempt(step=step, number=number, first_s=first_s, started_s=now_s)
        self._progress.show_running(step)
        return step if last else refuse_exits_of(step)

    def _timeouts(self) -> dict[str, str]:
        """Return the timeouts of the next attempt; none for a program that walks a history.

        Such a program observes the settings that a revision leaves.
        """
        if not self._command.name:
            return {}
        statement_ms = shortest_ms(self._limits.statement_timeout_ms, left_ms(self._deadline_s))
        lock_timeout = str(self._limits.lock_timeout_ms)
        return {"lock_timeout": lock_timeout, "statement_timeout": str(statement_ms)}

    def _note_end(self, step: MigrationStep) -> None:
        """Record that the step is committed."""
        self.running = None
        self.effects.end()
        if self.effects.next_heads is not None and not self.is_dry_run:
            self.heads = self.effects.next_heads
        attempt = self.attempt
        if attempt is None or not isinstance(step, RevisionStep):
            return
        now_s = time.monotonic()
        locked_s = max(attempt.started_s, self._watcher.waited_until_s if self._watcher else 0.0)
        held_ms = round((now_s - locked_s) * 1000) if self._has_locks else 0
        self.longest_held_ms = max(self.longest_held_ms, held_ms)
        self._progress.emit(
            RevisionApplied(
                direction=direction_of(step),
                revision=step.revision.revision,
                title=title_of(step),
                attempt=attempt.number,
                waited_ms=round((locked_s - attempt.first_s) * 1000),
                held_ms=held_ms,
                took_ms=round((now_s - attempt.started_s) * 1000),
            )
        )
        self._progress.note_empty(step)

    @property
    def silence(self) -> str:
        """Return how long the failed attempt had sent nothing, if the limit was shorter; else empty.

        Drivers do not all pass on that the server has ended the session for it.
        """
        limit_ms = self._limits.idle_in_transaction_timeout_ms
        idle_s = self.effects.idle_s
        if not limit_ms or idle_s * 1000 < limit_ms:
            return ""
        return (
            f"the revision sent nothing for {idle_s:.1f} s, and the server ends a session after "
            f"{duration_text(limit_ms)} of that (idle_in_transaction_timeout)"
        )

    @property
    def is_offline(self) -> bool:
        """Return whether the command writes SQL, so that there is no database."""
        return self._command.is_offline

    @property
    def is_late(self) -> bool:
        """Return whether the deadline has passed."""
        return self._deadline_s is not None and time.monotonic() >= self._deadline_s

    def _refuse_late(self) -> None:
        if self.is_late:
            raise DatabaseError(
                f"the deadline of {duration_text(self._limits.deadline_ms)} has passed",
                todo="run the command again, or allow a longer deadline",
            )

    @contextmanager
    def watching(
        self,
        connection: Connection,
        *,
        application_name: str | None = None,
        watcher: LockWatcher | None = None,
    ) -> Iterator[None]:
        """Record the connection's commits inside of this block, and prepare CONCURRENTLY statements.

        :param application_name: The session's own; each revision's is added to it. None leaves it.
        :param watcher: Sees when the session waits for its first lock; without it, the wait counts as
            time that locks were held.
        """
        self._application_name, self._watcher = application_name, watcher
        # Another program's walk through the history, such as a proof, has no traffic beside it.
        is_deployment = application_name is not None and bool(self._command.name)
        waits = LockWaits(effects=self.effects, limit_ms=self._limits.lock_timeout_ms)
        with (
            waits.watching(connection) if is_deployment else nullcontext(),
            preparing_concurrently(
                connection,
                deadline_s=self._deadline_s,
                is_deployment=is_deployment,
                print_line=lambda line: self._progress.emit(Note(text=line)),
            ),
            # Last: the statements that those above send before another one come before it.
            self.effects.watching(connection),
        ):
            try:
                yield
            finally:
                self._progress.erase_running()
