"""The rows of one scratch database: which tables wait for some, and what they hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from alembic_proof.catalog import Catalog
from alembic_proof.history.walk import Ground
from alembic_proof.proofs.roundtrip.held import MOST_ROWS, Held
from alembic_proof.proofs.roundtrip.plan import RowPlan
from alembic_proof.proofs.roundtrip.row_changes import written
from alembic_proof.proofs.roundtrip.thinning import all_away, referring, some_away
from alembic_proof.proofs.roundtrip.touched import Touched, touched
from alembic_proof.proofs.roundtrip.working import working
from alembic_proof.rows import (
    Digests,
    Filled,
    FillNote,
    FillReport,
    NotFilled,
    Shapes,
    Table,
    TableName,
    digest,
    fill,
    fill_allowed,
    read_shapes,
)
from alembic_proof.rows.numbering import advance_sequences
from alembic_proof.rows.run import execute
from alembic_proof.rows.twins import add_twins
from alembic_proof.rows.unequal import lost_keys


@dataclass(slots=True)
class Population:
    """What is known of the rows; `catalog` is the one that the shapes belong to."""

    plan: RowPlan
    catalog: Catalog | None = None
    shapes: Shapes = field(default_factory=Shapes)
    filled: dict[TableName, Table] = field(default_factory=dict)
    """What the tables looked like when they were filled."""
    given: set[TableName] = field(default_factory=set)
    """The tables that have the rows that the project supplies."""
    thinned: set[TableName] = field(default_factory=set)
    """The tables whose rows broke the revision that is proved now, or some of them did."""
    mixed: set[TableName] = field(default_factory=set)
    """The tables with rows that a revision wrote: not all of them are ours to take away."""
    is_passed: bool = True
    """Whether the history may have written since the last reading: nobody has looked."""
    begun: Digests = field(default_factory=Digests)
    """What the tables held when the last turn began."""
    held: Held = field(default_factory=Held)
    _other: tuple[Catalog, Shapes] | None = None
    """Where the walk was before: it often goes back there."""

    def follow(self, ground: Ground, catalog: Catalog) -> None:
        """Ensures that the shapes are those of this catalog, which the database has now."""
        if catalog is self.catalog:
            return
        where = touched(self.catalog or Catalog(), catalog)
        self.held.doubt(where, self.shapes)
        known, self._other = self._other, None
        if self.catalog is not None:
            self._other = (self.catalog, self.shapes)
        if known is not None and known[0] is catalog:
            self.catalog, self.shapes = known
            return
        self.shapes = self._read(ground, where)
        self.catalog = catalog

    def fill(self, ground: Ground) -> FillReport:
        """Ensures that tables that are new, have changed or were emptied since have fresh rows."""
        self._look_back(ground)
        self._forget_emptied()
        fillable = self.plan.fillable(self.shapes)
        waiting = [table for table in fillable if self.filled.get(table.name) != table]
        if not waiting:
            return FillReport()
        report = self._guarded(
            ground,
            waiting,
            lambda: self._fill(ground.connection, fillable, waiting),
        )
        self.filled |= {table.name: table for table in waiting}
        self.given |= {one.table for one in report.filled}
        return report

    def _look_back(self, ground: Ground) -> None:
        """Ensures that it is known where the history has written what nobody has looked at."""
        if self.is_passed:
            self.mixed |= written(self.held.digests, self.read(ground))
            self.is_passed = False

    def _forget_emptied(self) -> None:
        """Ensures that a table is filled that has no row, or no value in a column, and had some.

        Not where a revision is tried without these rows.
        """
        for before in self.begun.tables:
            now = self.held.digests.find(before.table)
            if now is None or before.table in self.thinned or now.count != len(now.rows):
                continue
            common = (name for name in before.columns if name in now.columns)
            if any(now.is_empty(name) and not before.is_empty(name) for name in common):
                self.filled.pop(before.table, None)
                self.given -= {before.table} if not now.count else set()

    def _fill(self, connection: Connection, shapes: Shapes, waiting: list[Table]) -> FillReport:
        fresh = {
            table.name: [c.name for c in table.columns if not known.column(c.name)]
            for table in waiting
            if (known := self.filled.get(table.name))
        }
        report = fill(
            connection,
            shapes,
            tables=[table.name for table in waiting],
            rows=self.plan.rows,
            supplied=self._supplied(),
            fresh={name: columns for name, columns in fresh.items() if name not in self.mixed},
        )
        found = (shapes.find(one.table) for one in report.filled)
        advance_sequences(connection, [table for table in found if table is not None])
        return report + FillReport(notes=tuple(self._left_empty(report, fresh)))

    def _left_empty(
        self, report: FillReport, fresh: Mapping[TableName, Sequence[str]]
    ) -> Iterator[FillNote]:
        """A note for each fresh column without a value in a table that takes no row of ours.

        The rows that are there were written by a revision, and stay as they are.
        """
        for one in report.not_filled:
            held = self.held.digests.find(one.table)
            if held is None or not held.rows or one.table not in self.mixed:
                continue
            for name in filter(held.is_empty, fresh.get(one.table, ())):
                text = f"no row has a value in {name}: it takes no other, and a revision's own stay"
                yield FillNote(one.table, text)

    def allow(self, ground: Ground, before: Shapes) -> FillReport:
        """Ensures that there are rows that these shapes allow and the ones before did not.

        None in tables that lost rows to a failed try: others could break the revision as well.
        """
        fillable = self.plan.fillable(self.shapes)
        thinned = Shapes.of(table for table in fillable if table.name in self.thinned)
        older = self.plan.fillable(before).replaced(thinned)
        waiting = [table for table in fillable if older.find(table.name) != table]
        if not waiting:
            return FillReport()
        return self._guarded(
            ground, waiting, lambda: self._allow(ground.connection, fillable, older)
        )

    def _allow(self, connection: Connection, shapes: Shapes, older: Shapes) -> FillReport:
        report = fill_allowed(
            connection, older, shapes, rows=self.plan.rows, supplied=self._supplied()
        )
        lost = lost_keys(older, shapes)
        equal = add_twins(connection, shapes, lost) if lost else ()
        return report + FillReport(tuple(Filled(one.table, len(one.places)) for one in equal))

    def take_away(self, ground: Ground, table: TableName, *, condition: str = "") -> bool:
        """Whether these rows of the table could be taken away; no new ones until `refill`.

        All of its rows by default, and all of what refers to it. Not where a revision has written
        rows in any of these tables, or where somebody forbids it.
        """
        names = referring(self.shapes, table)
        if not names or names & self.mixed:
            return False
        taking = some_away(self.shapes, table, condition) if condition else all_away(names)
        before = self.read(ground)
        try:
            with working(ground.connection):
                for sql in taking:
                    execute(ground.connection, sql)
        except DBAPIError:
            return False
        after = self.read(ground)
        thinned = {name for name in names if after.find(name) != before.find(name)}
        self.filled |= {name: found for name in thinned if (found := self.shapes.find(name))}
        self.thinned |= thinned
        return True

    def refill(self) -> None:
        """Ensures that what rows were taken away from is filled the next time.

        Rows of the project's own are supplied once more where none is left.
        """
        for name in self.thinned:
            self.filled.pop(name, None)
            if (held := self.held.digests.find(name)) is not None and not held.count:
                self.given.discard(name)
        self.thinned.clear()

    def read(self, ground: Ground) -> Digests:
        """What the tables hold; the same value as before where nothing has moved."""
        return self.held.read(ground, self.shapes)

    def glance(self, ground: Ground, shapes: Shapes) -> Digests:
        """What tables of these shapes hold; nothing of it is remembered."""
        with working(ground.connection):
            return digest(ground.connection, shapes, few_rows=MOST_ROWS)

    def has_moved(self, ground: Ground) -> bool:
        """Whether the tables hold something else than at the last reading."""
        held = self.held.digests
        return self.read(ground) != held

    def has_missed(self, ground: Ground) -> bool:
        """Whether a table holds something else than the readings of what moved have it hold.

        That is so where rows were written by a session that has not told of it yet.
        """
        held = self.read(ground)
        with working(ground.connection):
            return digest(ground.connection, self.shapes, few_rows=MOST_ROWS) != held

    def _read(self, ground: Ground, where: Touched) -> Shapes:
        """The shapes of the catalog; only what differs is read."""
        names = None if self.catalog is None or where.is_any else where.tables
        if names is not None and not names:
            return self.shapes
        is_prepared = not ground.connection.in_transaction()
        with working(ground.connection):
            fresh = read_shapes(
                ground.connection,
                version_table=ground.version_table,
                version_schema=ground.version_schema,
                tables=names,
                is_prepared=is_prepared,
            )
        if names is None:
            return fresh
        # Those that they refer to come along, but without what these refer to in turn.
        asked = {table.name for name in names if (table := fresh.find(name))}
        whole = Shapes.of((table for table in fresh if table.name in asked), fresh.roots)
        return self.shapes.replaced(whole, gone=where.gone)

    def _supplied(self) -> Mapping[str, Iterable[Mapping[str, object]]]:
        """The project's own rows of the tables that do not have them yet."""
        there = {table.name for table in self.shapes}
        self.given &= there
        return {
            name: rows
            for name, rows in self.plan.supplied.items()
            if not {TableName(name), TableName(f"public.{name}")} & self.given
        }

    def _guarded(
        self, ground: Ground, waiting: list[Table], work: Callable[[], FillReport]
    ) -> FillReport:
        """What the work reports; where the server refuses it as a whole, why nothing was filled."""
        try:
            with working(ground.connection):
                return work()
        except DBAPIError as error:
            reason = " ".join(str(error.orig).split())
            return FillReport(not_filled=tuple(NotFilled(t.name, reason) for t in waiting))
