"""Run one revision's cycle and record it: all input and output of the round trip of one revision.

The cycle is upgrade, downgrade, second upgrade; then, where rows are inserted, downgrade and upgrade
over rows that only the new schema permits, and the same over duplicates that a new key rejects.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any

from alembic_deploy.revision_source import declares, has_empty_function
from alembic_proof.history.steps import StepRequest, WalkContext
from alembic_proof.proofs.exclusions import IgnorePatterns
from alembic_proof.proofs.roundtrip.observation import (
    Direction,
    HidingTable,
    Observation,
    RowTest,
    State,
    Step,
)
from alembic_proof.proofs.roundtrip.policies import (
    PolicyDryRun,
    hiding_tables,
    lift_force,
    restore_force,
)
from alembic_proof.proofs.roundtrip.row_changes import grown_tables, is_restored, row_changes
from alembic_proof.proofs.roundtrip.scratch import Database
from alembic_proof.proofs.roundtrip.synthetic_rows import insert_duplicates_for, keys_added
from alembic_proof.rows import Digests

_TIMED_AS: dict[Direction, str] = {
    "upgrade": "up",
    "downgrade": "down",
    "second upgrade": "up again",
}
_ROWS = "rows"


def _is_upgrade_empty(tree: ast.Module) -> bool:
    return has_empty_function(tree, "upgrade") and not declares(tree, "backfill")


class _DryRunCommittedError(Exception):
    """A dry run without FORCE committed by itself: its changes cannot be rolled back."""


@dataclass(frozen=True, slots=True)
class _CurrentStep:
    """The step that runs now, or that failed."""

    direction: Direction
    policy_dry_run: PolicyDryRun | None = None
    """The run of the step without FORCE ROW LEVEL SECURITY, if there was one."""


@dataclass(slots=True, kw_only=True)
class CycleObserver:
    """Runs one revision's cycle; `seen` is the record of it so far.

    A walk does not resume the cycle after a step that failed: `note_failure` completes the record.
    """

    seen: Observation
    context: WalkContext
    database: Database
    patterns: IgnorePatterns
    has_policy_dry_runs: bool = True
    """Whether steps that policies bind are first run without FORCE ROW LEVEL SECURITY."""
    _current: _CurrentStep = _CurrentStep("upgrade")  # frozen
    _elapsed_s: dict[str, float] = field(default_factory=dict)

    @property
    def direction(self) -> Direction:
        """The step that runs now, or that failed."""
        return self._current.direction

    def run(self) -> Iterator[StepRequest]:
        """Yield the steps of the cycle, and observe the database after each of them."""
        try:
            yield from self._cycle()
        except _DryRunCommittedError:
            self._record(is_dry_run_committed=True)

    def note_failure(self) -> Observation:
        """Record the step that failed; return the whole record. Nothing is read from the database."""
        dry_run = self._current.policy_dry_run
        failed = Step(
            direction=self.direction,
            has_ended_transaction=self._has_ended_transaction(),
            hidden_rows=dry_run.rows_hidden_from_failed_step() if dry_run else None,
        )
        self._record(failed=failed)
        return self.seen

    def _cycle(self) -> Iterator[StepRequest]:
        self._begin()
        up_hiding = self._hiding_tables()
        yield from self._run_main_step("upgrade", up_hiding)
        rows = self.database.synthetic_rows
        rows.history_written_tables |= grown_tables(
            self.seen.before.rows, self.seen.steps[0].after.rows
        )
        down_hiding = self._hiding_tables()
        yield from self._run_main_step("downgrade", down_hiding)
        yield from self._run_second_upgrade(() if up_hiding else down_hiding)
        if self.seen.has_rows:
            yield from self._test_new_rows()
            yield from self._test_duplicates()
            self._record(has_removed_rows=bool(rows.reduced_tables))

    def _begin(self) -> None:
        """Fill the tables and record the database before the upgrade."""
        revision = self.seen.revision
        if self.seen.has_rows:
            with self._timed(_ROWS):
                self._record(reports=(self.database.fill(self.context),))
        state = self._state()
        self.database.below[revision.revision_id] = state.catalog
        self.database.synthetic_rows.initial_digests = state.rows
        is_empty = bool(revision.lossy) and _is_upgrade_empty(revision.syntax_tree)
        self._record(before=state, is_upgrade_empty=is_empty)

    def _run_main_step(
        self, direction: Direction, hiding: tuple[HidingTable, ...]
    ) -> Iterator[StepRequest]:
        """Run the step, where policies bind it without FORCE before, and record it."""
        dry_run = yield from self._run_without_force(direction, hiding)
        step = yield from self._run_step(direction, dry_run)
        self._record(steps=(*self.seen.steps, step))

    def _run_second_upgrade(self, hiding: tuple[HidingTable, ...]) -> Iterator[StepRequest]:
        """Run the second upgrade; where the downgrade did not restore all, twice over the same rows.

        The first of the two is rolled back. Where that is not possible the downgrade and the upgrade
        are repeated instead: they begin with the same database or the comparison is left out.
        """
        up, down = self.seen.steps
        if is_restored(self.seen.before, up.after, down.after, self.patterns):
            yield from self._run_main_step("second upgrade", hiding)
            self._record(repeated_upgrade=up.after.rows)
            return
        self._record(new_columns=self.database.new_columns(self.seen.revision))
        digests: list[Digests] = []

        def inspect() -> None:
            rows = self.database.synthetic_rows
            digests.append(rows.digest_once(self.context, up.after.tables))

        dry_run = yield from self._run_without_force("second upgrade", hiding)
        inspect_dry_run = inspect if self.seen.has_rows else None
        again = yield from self._run_step(
            "second upgrade", dry_run, inspect_dry_run=inspect_dry_run
        )
        self._record(steps=(*self.seen.steps, again))
        repeated = digests[0] if digests else None
        if self.seen.has_rows and not digests and row_changes(up.after.rows, again.after.rows):
            yield from self._run_main_step("downgrade", ())
            yield from self._run_main_step("second upgrade", ())
            is_same = self.seen.steps[3].after == down.after
            repeated = again.after.rows if is_same else None
        self._record(repeated_upgrade=repeated if self.seen.has_rows else up.after.rows)

    def _test_new_rows(self) -> Iterator[StepRequest]:
        """Insert rows that only the new schema permits, and run down and up over them."""
        with self._timed(_ROWS):
            report = self.database.insert_newly_valid(self.context, self.seen.before.tables)
        self._record(reports=(*self.seen.reports, report))
        if not report.filled:
            return
        filled = tuple(one.table for one in report.filled)
        test = RowTest(before=self._state(), tables=filled)
        self._record(new_rows=test)
        for direction in ("downgrade", "second upgrade"):
            step = yield from self._run_step(direction)
            test = replace(test, steps=(*test.steps, step))
            self._record(new_rows=test)

    def _test_duplicates(self) -> Iterator[StepRequest]:
        """Insert duplicates below the revision that adds a key, and run up, down and up over them."""
        rows, older = self.database.synthetic_rows, self.seen.before.tables
        keys = keys_added(rows, older)
        if not keys:
            return
        step = yield from self._run_step("downgrade")
        test = RowTest(before=step.after, steps=(step,))
        self._record(duplicates=test)
        with self._timed(_ROWS):
            inserted = insert_duplicates_for(rows, self.context, older, keys)
            self.database.end_writing(self.context)
        directions: tuple[Direction, ...] = ("second upgrade",)
        if inserted:
            test = replace(test, before=self._state(), duplicates=inserted)
            self._record(duplicates=test)
            self.database.applied.remove(self.seen.revision.revision_id)
            directions = ("upgrade", "downgrade", "second upgrade")
        for direction in directions:
            step = yield from self._run_step(direction)
            test = replace(test, steps=(*test.steps, step))
            self._record(duplicates=test)

    def _run_step(
        self,
        direction: Direction,
        dry_run: PolicyDryRun | None = None,
        *,
        inspect_dry_run: Callable[[], None] | None = None,
    ) -> Generator[StepRequest, None, Step]:
        """Run the step and return the record of it, with the database after it.

        :param dry_run: the run without FORCE before it, if there was one.
        :param inspect_dry_run: is called after a first run, which is rolled back then.
        """
        self._current = _CurrentStep(direction, dry_run)
        with self._timed(_TIMED_AS[direction]):
            yield StepRequest(
                self.seen.revision.revision_id,
                is_upgrade=direction != "downgrade",
                inspect_dry_run=inspect_dry_run,
                sent=dry_run.sent if dry_run else None,
            )
        hidden_rows = dry_run.rows_hidden_from_step() if dry_run else None
        if direction == "upgrade":
            self.database.applied.append(self.seen.revision.revision_id)
        self.database.look(self.context)
        return Step(
            direction=direction,
            has_ended_transaction=self._has_ended_transaction(),
            hidden_rows=hidden_rows,
            may_hide_rows=dry_run is not None and dry_run.is_inconclusive,
            leaked=self.database.leaked,
            after=self._state(),
        )

    def _hiding_tables(self) -> tuple[HidingTable, ...]:
        if not (self.seen.has_rows and self.has_policy_dry_runs):
            return ()
        rows = self.database.synthetic_rows
        return hiding_tables(self.context.connection, rows.user_tables, rows.cache.digests)

    def _run_without_force(
        self, direction: Direction, hiding: tuple[HidingTable, ...]
    ) -> Generator[StepRequest, None, PolicyDryRun | None]:
        """Run the step without FORCE ROW LEVEL SECURITY, and roll it back, if policies bind it.

        :return: the record of that run; None if no policy binds the step.
        :raises _DryRunCommittedError: it committed by itself.
        """
        if not hiding:
            return None
        connection = self.context.connection
        dry_run = PolicyDryRun(connection, hiding)
        self._current = _CurrentStep(direction, dry_run)
        with self._timed(_TIMED_AS[direction]):
            tables = lift_force(connection)
            yield StepRequest(
                self.seen.revision.revision_id,
                is_upgrade=direction != "downgrade",
                rehearsal=dry_run.rehearsal,
            )
            if dry_run.rehearsal.is_committed:
                raise _DryRunCommittedError
            restore_force(connection, tables)
        dry_run.begin_real_run()
        return dry_run

    def _has_ended_transaction(self) -> bool:
        key = (self.seen.revision.revision_id, self.direction != "downgrade")
        return key in self.context.ended_transaction

    def _state(self) -> State:
        """Read the database; the catalog was read when the last step ended."""
        if not self.seen.has_rows:
            return self.database.state(self.context, has_rows=False)
        with self._timed(_ROWS):
            state = self.database.state(self.context, has_rows=True)
        if state.rows.unread:
            unread = {name: str(why) for name, why in state.rows.unread}
            self._record(unread=tuple((dict(self.seen.unread) | unread).items()))
        return state

    def _record(self, **changes: Any) -> None:
        self.seen = replace(self.seen, **changes)

    @contextmanager
    def _timed(self, name: str) -> Iterator[None]:
        """Record how long the block took, if it succeeds."""
        start = perf_counter()
        yield
        self._elapsed_s[name] = self._elapsed_s.get(name, 0.0) + perf_counter() - start
        names = (*_TIMED_AS.values(), _ROWS)
        self._record(times=tuple((n, self._elapsed_s[n]) for n in names if n in self._elapsed_s))
