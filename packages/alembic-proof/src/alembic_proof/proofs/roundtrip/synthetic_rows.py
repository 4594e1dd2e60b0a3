"""The rows in a scratch database: which tables need some, what they contain, which may be removed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from alembic_proof.catalog import Catalog
from alembic_proof.history.steps import WalkContext
from alembic_proof.proofs.roundtrip.digest_cache import (
    MOST_ROWS,
    AffectedTables,
    DigestCache,
    affected_tables,
)
from alembic_proof.proofs.roundtrip.proof_transaction import proof_transaction
from alembic_proof.proofs.roundtrip.row_changes import grown_tables
from alembic_proof.proofs.roundtrip.row_plan import RowPlan
from alembic_proof.rows import (
    Digests,
    Filled,
    FillNote,
    FillReport,
    NotFilled,
    TableInfo,
    TableName,
    UserTables,
    digest,
    fill,
    fill_newly_valid,
    read_user_tables,
)
from alembic_proof.rows.duplicates import (
    DuplicateRows,
    TableKey,
    delete_duplicates,
    dropped_keys,
    insert_duplicates,
    keeps_all_constraints,
    new_keys,
)
from alembic_proof.rows.savepoint_batch import execute
from alembic_proof.rows.sequences import advance_implicit_sequences


@dataclass(slots=True)
class SyntheticRows:
    """The rows of one scratch database, and where the history has written rows of its own."""

    plan: RowPlan
    catalog: Catalog | None = None
    """The catalog that `user_tables` was read with."""
    user_tables: UserTables = field(default_factory=UserTables)
    """The definitions of the tables."""
    filled: dict[TableName, TableInfo] = field(default_factory=dict)
    """The definitions of the tables when they were filled."""
    supplied_tables: set[TableName] = field(default_factory=set)
    """The tables that have the rows which the project supplies."""
    reduced_tables: set[TableName] = field(default_factory=set)
    """The tables whose rows were removed because the revision that is proved now failed on them."""
    history_written_tables: set[TableName] = field(default_factory=set)
    """The tables that a revision has written rows to: they may not all be removed."""
    needs_rescan: bool = True
    """Whether the history may have written rows since the last reading."""
    initial_digests: Digests = field(default_factory=Digests)
    """The rows when the last cycle began."""
    cache: DigestCache = field(default_factory=DigestCache)
    _other: tuple[Catalog, UserTables] | None = None
    """The catalog and tables before: the walk often returns there."""

    def follow(self, context: WalkContext, catalog: Catalog) -> None:
        """Read the definitions of the tables of this catalog, which the database has now."""
        if catalog is self.catalog:
            return
        where = affected_tables(self.catalog or Catalog(), catalog)
        self.cache.invalidate(where, self.user_tables)
        known, self._other = self._other, None
        if self.catalog is not None:
            self._other = (self.catalog, self.user_tables)
        if known is not None and known[0] is catalog:
            self.catalog, self.user_tables = known
            return
        self.user_tables = self._read(context, where)
        self.catalog = catalog

    def fill(self, context: WalkContext) -> FillReport:
        """Insert rows into tables that are new, that have changed or that were emptied."""
        self._rescan(context)
        self._mark_emptied()
        fillable = self.plan.fillable(self.user_tables)
        waiting = [table for table in fillable if self.filled.get(table.name) != table]
        if not waiting:
            return FillReport()
        report = self._fill_in_transaction(
            context,
            waiting,
            lambda: self._fill(context.connection, fillable, waiting),
        )
        self.filled |= {table.name: table for table in waiting}
        self.supplied_tables |= {one.table for one in report.filled}
        return report

    def _rescan(self, context: WalkContext) -> None:
        """Find the tables that the history has written to since the last reading."""
        if self.needs_rescan:
            self.history_written_tables |= grown_tables(self.cache.digests, self.read(context))
            self.needs_rescan = False

    def _mark_emptied(self) -> None:
        """Have tables filled again that lost all their rows, or all values of a column.

        Tables whose rows were removed for this revision stay as they are.
        """
        for before in self.initial_digests.tables:
            now = self.cache.digests.find(before.table)
            if now is None or before.table in self.reduced_tables or now.count != len(now.rows):
                continue
            common = (name for name in before.columns if name in now.columns)
            if any(now.is_empty(name) and not before.is_empty(name) for name in common):
                self.filled.pop(before.table, None)
                self.supplied_tables -= {before.table} if not now.count else set()

    def _fill(
        self, connection: Connection, user_tables: UserTables, waiting: list[TableInfo]
    ) -> FillReport:
        fresh = {
            table.name: [c.name for c in table.columns if not known.column(c.name)]
            for table in waiting
            if (known := self.filled.get(table.name))
        }
        report = fill(
            connection,
            user_tables,
            tables=[table.name for table in waiting],
            rows=self.plan.rows,
            supplied=self._supplied(),
            new_columns={
                name: columns
                for name, columns in fresh.items()
                if name not in self.history_written_tables
            },
        )
        found = (user_tables.find(one.table) for one in report.filled)
        advance_implicit_sequences(connection, [table for table in found if table is not None])
        return report + FillReport(notes=tuple(self._left_empty(report, fresh)))

    def _left_empty(
        self, report: FillReport, fresh: Mapping[TableName, Sequence[str]]
    ) -> Iterator[FillNote]:
        """Yield a note for each new column without a value in a table that accepts no more rows.

        The rows in it were written by a revision, and are not changed.
        """
        for one in report.not_filled:
            known = self.cache.digests.find(one.table)
            if known is None or not known.rows or one.table not in self.history_written_tables:
                continue
            for name in filter(known.is_empty, fresh.get(one.table, ())):
                text = (
                    f"column {name} is NULL in every row: the table accepts no further row, and rows "
                    "that a revision wrote are not changed"
                )
                yield FillNote(one.table, text)

    def insert_newly_valid(self, context: WalkContext, before: UserTables) -> FillReport:
        """Insert rows that these tables permit and the tables before did not.

        Tables whose rows were removed get none: other rows might fail as well.
        """
        fillable = self.plan.fillable(self.user_tables)
        reduced_tables = UserTables.of(
            table for table in fillable if table.name in self.reduced_tables
        )
        older = self.plan.fillable(before).with_tables(reduced_tables)
        waiting = [table for table in fillable if older.find(table.name) != table]
        if not waiting:
            return FillReport()
        return self._fill_in_transaction(
            context, waiting, lambda: self._insert_newly_valid(context.connection, fillable, older)
        )

    def _insert_newly_valid(
        self, connection: Connection, user_tables: UserTables, older: UserTables
    ) -> FillReport:
        report = fill_newly_valid(
            connection, older, user_tables, rows=self.plan.rows, supplied=self._supplied()
        )
        lost = dropped_keys(older, user_tables)
        equal = insert_duplicates(connection, user_tables, lost) if lost else ()
        return report + FillReport(tuple(Filled(one.table, len(one.locations)) for one in equal))

    def remove_rows(self, context: WalkContext, table: TableName, *, condition: str = "") -> bool:
        """Remove rows of the table, and return whether that was possible; `allow_refill` lets it be filled.

        Tables that a revision has written to keep their rows, and so do those of a refused statement.

        :param condition: the rows to remove; by default all of them, with all rows that reference them.
        """
        names = referencing_tables(self.user_tables, table)
        if not names or names & self.history_written_tables:
            return False
        taking = (
            delete_sql(self.user_tables, table, condition) if condition else truncate_sql(names)
        )
        before = self.read(context)
        try:
            with proof_transaction(context.connection):
                for sql in taking:
                    execute(context.connection, sql)
        except DBAPIError:
            return False
        after = self.read(context)
        reduced_tables = {name for name in names if after.find(name) != before.find(name)}
        self.filled |= {
            name: found for name in reduced_tables if (found := self.user_tables.find(name))
        }
        self.reduced_tables |= reduced_tables
        return True

    def allow_refill(self) -> None:
        """Have tables filled again whose rows were removed.

        Supplied rows are inserted once more where none is left.
        """
        for name in self.reduced_tables:
            self.filled.pop(name, None)
            if (known := self.cache.digests.find(name)) is not None and not known.count:
                self.supplied_tables.discard(name)
        self.reduced_tables.clear()

    def read(self, context: WalkContext) -> Digests:
        """Return the tables' digests; the same value as before where nothing has changed."""
        return self.cache.read(context, self.user_tables)

    def digest_once(self, context: WalkContext, user_tables: UserTables) -> Digests:
        """Return the digests of these tables without storing them."""
        with proof_transaction(context.connection):
            return digest(context.connection, user_tables, few_rows=MOST_ROWS)

    def have_changed(self, context: WalkContext) -> bool:
        """Return whether the rows differ from the last reading."""
        before = self.cache.digests
        return self.read(context) != before

    def have_unseen_changes(self, context: WalkContext) -> bool:
        """Return whether a table has other rows than the digests that were read where something changed.

        That happens where a session wrote rows that the server had not counted yet.
        """
        known = self.read(context)
        with proof_transaction(context.connection):
            return digest(context.connection, self.user_tables, few_rows=MOST_ROWS) != known

    def _read(self, context: WalkContext, where: AffectedTables) -> UserTables:
        """Read the definitions of the tables, only those that are affected."""
        names = None if self.catalog is None or where.is_any else where.tables
        if names is not None and not names:
            return self.user_tables
        is_prepared = not context.connection.in_transaction()
        with proof_transaction(context.connection):
            fresh = read_user_tables(
                context.connection,
                version_table=context.version_table,
                version_schema=context.version_schema,
                tables=names,
                is_prepared=is_prepared,
            )
        if names is None:
            return fresh
        # Those that they refer to come along, but without what these refer to in turn.
        asked = {table.name for name in names if (table := fresh.find(name))}
        whole = UserTables.of(
            (table for table in fresh if table.name in asked), fresh.partition_roots
        )
        return self.user_tables.with_tables(whole, gone=where.gone)

    def _supplied(self) -> Mapping[str, Iterable[Mapping[str, object]]]:
        """Return the supplied rows of the tables that do not have them yet."""
        there = {table.name for table in self.user_tables}
        self.supplied_tables &= there
        return {
            name: rows
            for name, rows in self.plan.supplied.items()
            if not {TableName(name), TableName(f"public.{name}")} & self.supplied_tables
        }

    def _fill_in_transaction(
        self, context: WalkContext, waiting: list[TableInfo], work: Callable[[], FillReport]
    ) -> FillReport:
        """Return the report of the work; where the server refuses it as a whole, why nothing was filled."""
        try:
            with proof_transaction(context.connection):
                return work()
        except DBAPIError as error:
            reason = " ".join(str(error.orig).split())
            return FillReport(not_filled=tuple(NotFilled(t.name, reason) for t in waiting))


def referencing_tables(user_tables: UserTables, table: TableName) -> frozenset[TableName]:
    """Return the table and all that reference it, directly or not; empty where it does not exist."""
    root = user_tables.find(table)
    found, waiting = set[TableName](), [root.name] if root else []
    while waiting:
        name = waiting.pop()
        found.add(name)
        waiting += [
            other.name
            for other in user_tables
            if other.name not in found and any(k.table == name for k in other.foreign_keys)
        ]
    return frozenset(found)


def delete_sql(user_tables: UserTables, table: TableName, condition: str) -> Iterator[str]:
    """Yield the statements that delete rows.

    They fail where another row references one of these, unless its foreign key cascades.
    """
    yield f"DELETE FROM {table} WHERE {condition}"
    if deferred := [name for one in user_tables for name in one.deferred_constraints]:
        yield "SET CONSTRAINTS ALL IMMEDIATE"
        yield f"SET CONSTRAINTS {', '.join(deferred)} DEFERRED"


def truncate_sql(tables: frozenset[TableName]) -> Iterator[str]:
    """Yield the statement that deletes all rows of the tables."""
    yield f"TRUNCATE {', '.join(sorted(tables))}"


def keys_added(synthetic_rows: SyntheticRows, older: UserTables) -> tuple[TableKey, ...]:
    """Return the keys that a revision has added to filled tables.

    Tables whose rows were removed are left out.
    """
    plan = synthetic_rows.plan
    found = new_keys(plan.fillable(older), plan.fillable(synthetic_rows.user_tables))
    return tuple(new for new in found if new.table not in synthetic_rows.reduced_tables)


def insert_duplicates_for(
    synthetic_rows: SyntheticRows, context: WalkContext, older: UserTables, keys: Sequence[TableKey]
) -> tuple[DuplicateRows, ...]:
    """Insert rows below the revision that are duplicates of the keys it adds; return them.

    Ordinary rows have few values twice, so that a new key rarely rejects one. A table whose downgrade
    did not restore its constraints gets none: it permits rows that the old schema forbids.
    """
    user_tables = synthetic_rows.plan.fillable(synthetic_rows.user_tables)
    permitted = [
        new
        for new in keys
        if (old := older.find(new.table))
        and (now := user_tables.find(new.table))
        and keeps_all_constraints(now, old)
    ]
    try:
        with proof_transaction(context.connection):
            return insert_duplicates(context.connection, user_tables, permitted)
    except DBAPIError:
        return ()


def remove_duplicates(
    synthetic_rows: SyntheticRows, context: WalkContext, duplicates: Sequence[DuplicateRows]
) -> bool:
    """Remove the inserted duplicates, so that the revision can be applied; return whether all are gone."""
    try:
        with proof_transaction(context.connection):
            return delete_duplicates(context.connection, synthetic_rows.user_tables, duplicates)
    except DBAPIError:
        return False
