"""One revision's turn: up, down, up again, and once more over rows that only it allows."""

from __future__ import annotations

import ast
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter

from alembic_proof.catalog import Catalog
from alembic_proof.finding import Finding, Severity
from alembic_proof.history.chain import ChainRevision
from alembic_proof.history.function_body import has_empty_function
from alembic_proof.history.losses import TableColumn, place_of
from alembic_proof.history.walk import Ground, Move
from alembic_proof.proofs.ignored import Ignored
from alembic_proof.proofs.roundtrip import row_verdict
from alembic_proof.proofs.roundtrip.anew import SecondRun, split_anew
from alembic_proof.proofs.roundtrip.database import Database, State
from alembic_proof.proofs.roundtrip.direction import Direction
from alembic_proof.proofs.roundtrip.duplicates import (
    duplicates_lost,
    keys_added,
    write_duplicates,
)
from alembic_proof.proofs.roundtrip.policies import (
    POLICY_HIDES_ROWS,
    HidingTable,
    PolicyTrial,
    hidden_rows,
    hiding_tables,
    lift_force,
    restore_force,
)
from alembic_proof.proofs.roundtrip.row_changes import (
    lost,
    meddled,
    respelt,
    row_changes,
    unrestored,
    written,
)
from alembic_proof.proofs.roundtrip.row_remedies import UpgradeEffects
from alembic_proof.proofs.roundtrip.row_verdict import LossesSeen, places_in
from alembic_proof.proofs.roundtrip.upgrade_heads import (
    Pending,
    enums_and_tables,
    pending_until_commit,
)
from alembic_proof.proofs.roundtrip.verdict import (
    changes_found,
    ended_transaction,
    settings_left,
    untrue_irreversible,
)
from alembic_proof.rows import (
    Digests,
    FillReport,
    RowChange,
    RowChangeKind,
    Shapes,
    TableName,
    compare,
    fallen_behind,
)
from alembic_proof.rows.twins import Twins

_NAMES: dict[Direction, str] = {
    "upgrade": "up",
    "downgrade": "down",
    "second upgrade": "up again",
}
_ROWS = "rows"


@dataclass(slots=True)
class _Trial:
    """What a second upgrade gives that is taken back, to see what it makes anew each time."""

    database: Database
    ground: Ground
    shapes: Shapes
    rows: Digests | None = None
    """What it gave; None where it could not be taken back."""

    def look(self) -> None:
        """Read what the tables hold before it is taken back."""
        self.rows = self.database.population.glance(self.ground, self.shapes)


@dataclass(slots=True, kw_only=True)
class Turn:
    """What is known of the turn while it runs, and when a step of it has failed."""

    revision: ChainRevision
    ground: Ground
    database: Database
    has_rows: bool
    ignored: Ignored
    is_tried_again: bool = False
    """Whether the revision has failed over rows before."""
    direction: Direction = "upgrade"
    base: Catalog | None = None
    """The catalog before the upgrade."""
    is_over_new_rows: bool = False
    """Whether the step meets rows that only the upgrade allows."""
    twins: tuple[Twins, ...] = ()
    """The rows that the step meets and a new key forbids."""
    is_sound: bool = True
    """Whether the database is what the history leads to."""
    findings: list[Finding] = field(default_factory=list)
    reports: list[FillReport] = field(default_factory=list)
    unread: dict[TableName, str] = field(default_factory=dict)
    """The tables whose rows could not be read, and why."""
    needs_fresh_database: bool = False
    """Whether a trial could not be rolled back: the revision is proved anew, without any."""
    policy_trial: PolicyTrial | None = None
    """What the step that is on wrote on trial, without FORCE ROW LEVEL SECURITY."""
    has_policy_trials: bool = True
    may_miss_hidden_rows: bool = False
    """Whether a policy hides rows from a step whose trial could not be observed."""
    hiding: dict[Direction, tuple[HidingTable, ...]] = field(default_factory=dict)
    """The tables whose policies bound the role before the step."""
    unrestored: tuple[RowChange, ...] = ()
    """What the rows differ in after the downgrade."""
    fallen: set[TableColumn] = field(default_factory=set)
    """The columns whose sequences have fallen behind in this turn."""
    pending: Pending | None = None
    """What the upgrade leaves until its commit, where it leaves anything."""
    elapsed_s: dict[str, float] = field(default_factory=dict)

    def run(self) -> Iterator[Move]:
        """The moves; between them the database is looked at."""
        before = self._start()
        self.base = before.catalog
        older = self.database.population.shapes
        first = yield from self._step_under_policies("upgrade")
        if self.needs_fresh_database:
            return
        newer = self.database.population.shapes
        self.database.population.mixed |= written(before.rows, first.rows)
        self._note_pending(before, first)
        self._compare_positions(before, first)
        left = yield from self._step_under_policies("downgrade")
        if self.needs_fresh_database:
            return
        is_restored = self._compare(before, left, first, (older, newer))
        is_tried = self.has_rows and not is_restored
        trial = _Trial(self.database, self.ground, newer) if is_tried else None
        again = yield from self._step_again(trial)
        if self.needs_fresh_database:
            return
        if trial and trial.rows is None and row_changes(first.rows, again.rows):
            again = yield from self._once_more(left, again, trial)
        run = SecondRun(
            before=before.rows,
            first=first.rows,
            again=again.rows,
            trial=trial.rows if trial else first.rows,
            shapes=newer,
        )
        is_rebuilt = self._compare_again(first, again, run)
        if not self.has_rows:
            return
        touched = meddled(before.rows, first.rows, older=older, newer=newer)
        usual = (*row_changes(before.rows, left.rows), *row_changes(first.rows, again.rows))
        gone = yield from self._over_new_rows(left, again, older, touched, usual)
        equal = yield from self._over_duplicates(again, older, usual)
        if not self.revision.lossy or self._does_nothing():
            return
        excused = (*self.unrestored, *equal)
        seen = self._losses_seen(before, older, newer, (*usual, *gone, *excused), excused)
        self.findings += row_verdict.declared_losses(self.revision, seen)
        is_shown = bool(seen.filled) and row_verdict.shows_losses(before.rows, older, newer)
        is_kept = is_restored and is_rebuilt and not (gone or equal)
        if is_kept and is_shown and not all(loss.names for loss in self.revision.losses):
            self.findings.append(row_verdict.untrue_lossy(self.revision))

    def _does_nothing(self) -> bool:
        """Return whether the revision excuses an empty downgrade of an empty upgrade: it may."""
        return has_empty_function(ast.parse(self.revision.path.read_bytes()), "upgrade")

    def _losses_seen(
        self,
        before: State,
        older: Shapes,
        newer: Shapes,
        changes: Iterable[RowChange],
        excused: Iterable[RowChange],
    ) -> LossesSeen:
        """Return what the declared losses are held to; of hidden rows no loss is seen."""
        is_blind = bool(self.database.population.thinned) or self.has_hidden_rows
        filled = {one.table for one in before.rows.tables if one.count}
        new = {one.table for report in self.reports[1:] for one in report.filled}
        seen = filled | (new - {table.name for table in older})
        return LossesSeen(
            lost=frozenset(self.fallen).union(place_of(one.table, one.column) for one in changes),
            excused=frozenset(self.fallen).union(
                place_of(one.table, one.column) for one in excused
            ),
            there=frozenset(places_in(older)) | frozenset(places_in(newer)),
            filled=frozenset(
                place
                for shapes in (older, newer)
                for table in shapes
                if table.name in seen and not is_blind
                for place in places_in((table,))
            ),
        )

    @property
    def is_excused(self) -> bool:
        """Whether the second upgrade meets what a declared irreversible downgrade has left."""
        has_left = any(found.rule == "not-restored" for found in self.findings)
        return self.direction == "second upgrade" and bool(self.revision.irreversible) and has_left

    def _start(self) -> State:
        """The state below, with fresh rows."""
        if self.has_rows:
            with self._timed(_ROWS):
                self.reports.append(self.database.fill(self.ground))
        state = self._state()
        self.database.below[self.revision.revision_id] = state.catalog
        self.database.population.begun = state.rows
        return state

    def _note_pending(self, before: State, first: State) -> None:
        """Note what a revision behind it would meet in the same transaction."""
        needs = pending_until_commit(before, first, self.database.population.shapes)
        if needs:
            self.pending = Pending(
                revision_id=self.revision.revision_id, needs=needs, there=enums_and_tables(before)
            )

    def _state(self) -> State:
        """What the database is now."""
        if not self.has_rows:
            return self.database.state(self.ground, has_rows=False)
        with self._timed(_ROWS):
            state = self.database.state(self.ground, has_rows=True)
        self.unread |= {name: str(why) for name, why in state.rows.unread}
        return state

    def _step_under_policies(self, direction: Direction) -> Generator[Move, None, State]:
        """Run the step; where policies bind it, run it on trial before, without FORCE."""
        self.direction = direction
        population = self.database.population
        if self.has_rows and self.has_policy_trials:
            found = hiding_tables(
                self.ground.connection, population.shapes, population.held.digests
            )
            self.hiding[direction] = found
        yield from self._try_without_force(direction, self.hiding.get(direction, ()))
        if self.needs_fresh_database:
            return self._state()
        return (yield from self._step(direction))

    def _step_again(self, trial: _Trial | None) -> Generator[Move, None, State]:
        """Run the second upgrade; on trial before where the first one forced the policies."""
        if not self.hiding.get("upgrade") and (hiding := self.hiding.get("downgrade")):
            self.direction = "second upgrade"
            yield from self._try_without_force("second upgrade", hiding)
            if self.needs_fresh_database:
                return self._state()
        return (yield from self._step("second upgrade", trial))

    def _try_without_force(
        self, direction: Direction, hiding: tuple[HidingTable, ...]
    ) -> Generator[Move, None, None]:
        """Run the step on trial where policies bind it; the real run is observed then as well."""
        if not hiding:
            return
        connection = self.ground.connection
        self.policy_trial = PolicyTrial(connection, hiding)
        with self._timed(_NAMES[direction]):
            tables = lift_force(connection)
            yield Move(
                self.revision.revision_id,
                is_upgrade=direction != "downgrade",
                rehearsal=self.policy_trial.rehearsal,
            )
            self.needs_fresh_database = self.policy_trial.rehearsal.is_committed
            if not self.needs_fresh_database:
                restore_force(connection, tables)
        self.policy_trial.begin_real_run()

    def _report_hidden_rows(self) -> None:
        """Report tables that the step wrote to on trial and not in the real run."""
        trial, self.policy_trial = self.policy_trial, None
        self.may_miss_hidden_rows |= trial is not None and not trial.rehearsal.is_observed
        if trial is None or not (tables := trial.unwritten()):
            return
        if trial.chooses_rows(tables):
            self.may_miss_hidden_rows = True
        else:
            self.findings.append(hidden_rows(self.revision, self.direction, trial, tables))

    def report_hidden_rows_of_failure(self) -> None:
        """Report hidden rows of a step that has failed, as far as its statements show them."""
        trial, self.policy_trial = self.policy_trial, None
        statement = trial.blind_statement() if trial is not None else None
        if trial is None or statement is None:
            return
        if tables := trial.unwritten_by(statement):
            self.findings.append(hidden_rows(self.revision, self.direction, trial, tables))

    @property
    def has_hidden_rows(self) -> bool:
        """Return whether a policy has hidden rows from a step, or may have where its trial has failed.

        What the step keeps, it may keep by that alone.
        """
        return self.may_miss_hidden_rows or any(
            found.rule == POLICY_HIDES_ROWS for found in self.findings
        )

    def _step(
        self, direction: Direction, trial: _Trial | None = None
    ) -> Generator[Move, None, State]:
        """The move, and what the database is afterwards."""
        self.direction = direction
        is_upgrade, look = direction != "downgrade", trial.look if trial else None
        sent = self.policy_trial.sent if self.policy_trial else None
        with self._timed(_NAMES[direction]):
            yield Move(
                self.revision.revision_id, is_upgrade=is_upgrade, try_and_look=look, sent=sent
            )
        self._report_hidden_rows()
        self.report_ended_transaction()
        if direction == "upgrade":
            self.database.applied.append(self.revision.revision_id)
        self.database.look(self.ground)
        self._report_settings_left()
        return self._state()

    def report_ended_transaction(self) -> None:
        """Report a step that has ended the transaction which Alembic began for it."""
        direction = self.direction if self.direction == "downgrade" else "upgrade"
        found = ended_transaction(self.revision, direction)
        has_ended = (
            self.revision.revision_id,
            direction == "upgrade",
        ) in self.ground.ended_transaction
        if has_ended and not self._is_reported(found):
            self.findings.append(found)

    def _report_settings_left(self) -> None:
        """Report settings that the step left, unless an earlier step is known to leave them."""
        found = settings_left(self.revision, self.direction, self.database.left)
        self.findings += (one for one in found if not self._is_reported(one))

    def _is_reported(self, finding: Finding) -> bool:
        return any((finding.rule, finding.message) == (f.rule, f.message) for f in self.findings)

    def _compare(
        self, before: State, left: State, first: State, shapes: tuple[Shapes, Shapes]
    ) -> bool:
        """Whether the downgrade restores everything; what it does not is noted."""
        is_wrong = self._compare_catalogs(before, left)
        changes = unrestored(before.rows, left.rows, self.database.population.shapes)
        self.unrestored = changes
        new_columns = self.database.new_columns(self.revision) if changes else frozenset()
        done = row_changes(before.rows, first.rows) if changes else ()
        upgraded = UpgradeEffects(
            older=shapes[0],
            newer=shapes[1],
            changed=frozenset((one.table, one.column) for one in done),
        )
        self.findings += row_verdict.rows_found(
            self.revision, self.direction, changes, new_columns=new_columns, upgraded=upgraded
        )
        is_respelt = self._note_spelling(before, left)
        is_behind = self._compare_positions(before, left)
        is_restored = not (is_wrong or changes or is_respelt or is_behind)
        is_told_untrue = not (self.is_tried_again or self.has_hidden_rows)
        if self.revision.irreversible and is_restored and is_told_untrue:
            self.findings.append(untrue_irreversible(self.revision))
        return is_restored

    def _compare_again(self, first: State, again: State, run: SecondRun) -> bool:
        """Whether the second upgrade makes what the first one made."""
        self.is_sound = not self._compare_catalogs(first, again)
        if any(one.kind is RowChangeKind.ROWS_RENUMBERED for one in self.unrestored):
            run = run.with_first_keys()
        changes, anew = split_anew(run)
        self.findings += row_verdict.rows_found(self.revision, self.direction, changes)
        self.findings += row_verdict.made_anew(self.revision, anew)
        self._note_spelling(first, again)
        return not self._compare_positions(first, again) and not changes

    def _compare_positions(self, before: State, after: State) -> bool:
        """Whether sequences have fallen behind their rows; each is told once in a turn."""
        if before.rows is after.rows:
            return False
        fallen = [
            one
            for one in fallen_behind(before.rows.positions, after.rows.positions)
            if place_of(one.table, one.position.column) not in self.fallen
        ]
        self.fallen |= {place_of(one.table, one.position.column) for one in fallen}
        self.findings += row_verdict.sequences_behind(self.revision, self.direction, fallen)
        return bool(fallen)

    def _note_spelling(self, before: State, after: State) -> bool:
        """Whether what means the same is written otherwise; that is noted."""
        changes = respelt(before.rows, after.rows)
        self.findings += row_verdict.made_respelt(self.revision, self.direction, changes)
        return bool(changes)

    def _once_more(self, left: State, again: State, trial: _Trial) -> Generator[Move, None, State]:
        """The state after another way down and up, since the trial could not be taken back.

        The second upgrade is the trial then, as long as the third begins with the same database.
        """
        below = yield from self._step("downgrade")
        end = yield from self._step("second upgrade")
        trial.rows = again.rows if below == left else None
        return end

    def _over_new_rows(
        self,
        left: State,
        again: State,
        older: Shapes,
        touched: set[TableName],
        usual: tuple[RowChange, ...],
    ) -> Generator[Move, None, tuple[RowChange, ...]]:
        """What is lost of rows that only the upgrade allows, and whether older ones stay.

        What was lost as `usual` is told already, and our own writing may have moved other values.
        """
        with self._timed(_ROWS):
            report = self.database.allow(self.ground, older)
            self.reports.append(report)
            if not report.filled:
                return ()
        met = self._state()
        self.is_over_new_rows = True
        is_same = self._is_same_catalog(again, met)
        below = yield from self._step("downgrade")
        if is_same:
            self._compare_catalogs(left, below)
        moved = (change for change in row_changes(again.rows, met.rows) if change.is_loss)
        changes = lost(row_changes(left.rows, below.rows), usual=(*usual, *moved))
        touched |= {one.table for one in report.filled}
        self.findings += row_verdict.over_new_rows(self.revision, changes, touched=touched)
        older_too = {change.table for change in changes}
        moved_too = unrestored(met.rows, below.rows, self.database.population.shapes)
        gone = [change for change in moved_too if change.table not in older_too]
        self.findings += row_verdict.new_rows_gone(self.revision, gone)
        end = yield from self._step("second upgrade")
        if is_same and self._compare_catalogs(again, end):
            self.is_sound = False
        return tuple(change for change in compare(met.rows, end.rows) if change.is_loss)

    def _over_duplicates(
        self, again: State, older: Shapes, usual: tuple[RowChange, ...]
    ) -> Generator[Move, None, tuple[RowChange, ...]]:
        """What is lost, and not as `usual`, where rows are equal that a new key wants to differ."""
        population = self.database.population
        keys = keys_added(population, older)
        if not keys:
            return ()
        down = yield from self._step("downgrade")
        is_same = True
        with self._timed(_ROWS):
            twins = write_duplicates(population, self.ground, older, keys)
            self.database.end_writing(self.ground)
        gone: tuple[RowChange, ...] = ()
        if twins:
            met = self._state()
            is_same = self._is_same_catalog(down, met)
            self.twins, self.is_over_new_rows = twins, False
            self.database.applied.remove(self.revision.revision_id)
            yield from self._step("upgrade")
            below = yield from self._step("downgrade")
            gone = lost(row_changes(met.rows, below.rows), usual=usual)
            self.findings += duplicates_lost(self.revision, gone)
        end = yield from self._step("second upgrade")
        if is_same and self._compare_catalogs(again, end):
            self.is_sound = False
        return gone

    def _is_same_catalog(self, before: State, met: State) -> bool:
        """Return whether our own rows have changed nothing in the catalog."""
        is_same = before.catalog is met.catalog
        self.is_sound &= is_same
        return is_same

    def _compare_catalogs(self, before: State, after: State) -> bool:
        """Whether more differs than a note is worth; the findings are noted."""
        if before.catalog is after.catalog:
            return False
        changes = self.ignored.changes(before.catalog, after.catalog)
        found = changes_found(self.revision, self.direction, changes)
        self.findings += [one for one in found if one not in self.findings]
        return any(change.severity is Severity.ERROR for change in changes)

    @property
    def times(self) -> tuple[tuple[str, float], ...]:
        """How long each of the steps took that ended well, then what was done to the rows."""
        names = (*_NAMES.values(), _ROWS)
        return tuple((name, self.elapsed_s[name]) for name in names if name in self.elapsed_s)

    @contextmanager
    def _timed(self, name: str) -> Iterator[None]:
        """Note how long it took, when it ended well."""
        start = perf_counter()
        yield
        self.elapsed_s[name] = self.elapsed_s.get(name, 0.0) + perf_counter() - start
