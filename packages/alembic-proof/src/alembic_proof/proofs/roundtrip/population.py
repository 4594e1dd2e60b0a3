"""The rows of one scratch database: which tables wait for some, and what they hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from alembic_proof.catalog import Catalog
from alembic_proof.history.walk import Ground
from alembic_proof.proofs.roundtrip.plan import RowPlan
from alembic_proof.proofs.roundtrip.touched import touched
from alembic_proof.rows import (
    Digests,
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

MOST_ROWS = 2_000
"""Up to how many rows of a table differences are named, and new ones are written."""
_NO_TIMEOUTS = """
SELECT pg_catalog.set_config('statement_timeout', '0', true),
    pg_catalog.set_config('lock_timeout', '0', true)
"""


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
    _other: tuple[Catalog, Shapes] | None = None
    """Where the walk was before: it often goes back there."""

    def follow(self, ground: Ground, catalog: Catalog) -> None:
        """Ensures that the shapes are those of this catalog, which the database has now."""
        if catalog is self.catalog:
            return
        known, self._other = self._other, None
        if self.catalog is not None:
            self._other = (self.catalog, self.shapes)
        if known is not None and known[0] is catalog:
            self.catalog, self.shapes = known
            return
        self.shapes = self._read(ground, catalog)
        self.catalog = catalog

    def fill(self, ground: Ground) -> FillReport:
        """Ensures that tables that are new or have changed since have fresh rows."""
        fillable = self.plan.fillable(self.shapes)
        waiting = [table for table in fillable if self.filled.get(table.name) != table]
        if not waiting:
            return FillReport()
        report = self._guarded(
            ground,
            waiting,
            lambda: fill(
                ground.connection,
                fillable,
                tables=[table.name for table in waiting],
                rows=self.plan.rows,
                supplied=self._supplied(),
            ),
        )
        self.filled |= {table.name: table for table in waiting}
        self.given |= {one.table for one in report.filled}
        return report

    def allow(self, ground: Ground, before: Shapes) -> FillReport:
        """Ensures that there are rows that these shapes allow and the ones before did not."""
        fillable, older = self.plan.fillable(self.shapes), self.plan.fillable(before)
        waiting = [table for table in fillable if older.find(table.name) != table]
        if not waiting:
            return FillReport()
        return self._guarded(
            ground,
            waiting,
            lambda: fill_allowed(
                ground.connection,
                older,
                fillable,
                rows=self.plan.rows,
                supplied=self._supplied(),
            ),
        )

    def read(self, ground: Ground) -> Digests:
        """What the tables hold."""
        with working(ground.connection):
            return digest(ground.connection, self.shapes, few_rows=MOST_ROWS)

    def _read(self, ground: Ground, catalog: Catalog) -> Shapes:
        """The shapes of the catalog; only what differs is read."""
        where = touched(self.catalog or Catalog(), catalog)
        names = None if self.catalog is None or where.is_any else where.tables
        if names is not None and not names:
            return self.shapes
        with working(ground.connection):
            fresh = read_shapes(
                ground.connection,
                version_table=ground.version_table,
                version_schema=ground.version_schema,
                tables=names,
            )
        return fresh if names is None else self.shapes.replaced(fresh, gone=where.gone)

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


@contextmanager
def working(connection: Connection) -> Iterator[None]:
    """A transaction of our own between two steps, without the timeouts of env.py.

    Where all steps share one transaction it is a savepoint of that.
    """
    if connection.in_transaction():
        with connection.begin_nested():
            yield
        return
    with connection.begin():
        connection.exec_driver_sql(_NO_TIMEOUTS)
        yield
