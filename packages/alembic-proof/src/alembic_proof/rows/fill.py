"""Fill tables with rows that satisfy their constraints.

One INSERT for each table writes all its rows. Where the server refuses it, the rows are written one
by one, and a refused row is tried again with other values. The statements of tables that do not
depend on each other share one round trip.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import sqlalchemy as sa

from alembic_proof.rows.insert import InsertBatch, insert_batch, stored_rows_sql, update_sql
from alembic_proof.rows.order import FillOrder, columns_set_null, fill_order, tables_to_fill
from alembic_proof.rows.references import NoReferencedRow
from alembic_proof.rows.savepoint_batch import (
    StatementFailure,
    StatementOutcome,
    lift_force_rls_sql,
    restore_force_rls,
    run_statements,
)
from alembic_proof.rows.schema import (
    ForeignKeyInfo,
    KnownRows,
    RowValues,
    TableInfo,
    TableName,
    UserTables,
    display_name,
)
from alembic_proof.rows.template import (
    MAX_TRIES,
    Attempt,
    RowTemplate,
    ValueMode,
    constant_default,
    first_attempt,
    row_values,
)
from alembic_proof.rows.values.source import json_text, value_text

SuppliedRows = Mapping[str, Iterable[Mapping[str, object]]]
"""Rows of the project's own: table -> rows, each column -> Python value.

The schema public may be left out: `users` is `public.users`.
"""
MAX_KNOWN_ROWS = 16
"""How many stored rows of a table are candidates for a reference."""
MAX_PARTITIONS = 12
"""How many partitions get a row each."""


def fill(
    connection: sa.Connection,
    user_tables: UserTables,
    *,
    tables: Iterable[TableName] | None = None,
    rows: int = 3,
    supplied: SuppliedRows | None = None,
    preset: KnownRows | None = None,
    new_columns: Mapping[TableName, Collection[str]] | None = None,
) -> FillReport:
    """Insert `rows` rows into each of the tables (all by default), and report where it fails.

    Empty tables that they reference are filled as well. A row depends only on the names of its
    table and columns and on the number of rows before it, so that two runs write the same rows.
    The transaction stays usable.

        user_tables = read_user_tables(connection)
        report = fill(connection, user_tables, rows=3)

    :param supplied: Values of a table's first new rows; columns that they leave out get values of
        ours.
    :param preset: The same as texts.
    :param new_columns: Columns that get a value in rows that are there, where the table accepts no
        further row.

    Locks: ROW EXCLUSIVE on the tables; ACCESS EXCLUSIVE until the rows are written where FORCE ROW
        LEVEL SECURITY applies to the connection's role.
    """
    wanted = [table.name for table in user_tables] if tables is None else list(tables)
    values = {**_supplied_values(user_tables, supplied or {}), **(preset or {})}
    filling = _Filling(connection, user_tables, rows, values)
    near = _with_referenced_tables(wanted, user_tables)
    filling.read_known_rows(near)
    order = fill_order(tables_to_fill(wanted, user_tables, filling.counts))
    for level in order.levels:
        filling.fill_level(level, order)
    filling.set_deferred_references(order)
    filling.fill_new_columns(new_columns or {})
    filling.restore_session(near)
    return filling.report()


@dataclass(slots=True)
class _Filling:
    """The state of one call of `fill`."""

    connection: sa.Connection
    user_tables: UserTables
    rows: int
    supplied: KnownRows
    counts: dict[TableName, int] = field(default_factory=dict)
    """The number of rows that each table had before."""
    known: dict[TableName, list[RowValues]] = field(default_factory=dict)
    """Stored rows that may be referenced, in the columns of `returned_columns`."""
    returned_columns: dict[TableName, tuple[str, ...]] = field(default_factory=dict)
    batches: list[InsertBatch] = field(default_factory=list)
    notes: list[FillNote] = field(default_factory=list)
    renewed: dict[TableName, int] = field(default_factory=dict)
    """The number of rows that were there and got values in their new columns."""

    def read_known_rows(self, tables: Sequence[TableInfo]) -> None:
        """Read the number of rows of these tables, and the rows that may be referenced."""
        self.returned_columns = _returned_columns(self.user_tables)
        statements = [
            stored_rows_sql(table, self.returned_columns[table.name], limit=MAX_KNOWN_ROWS)
            for table in tables
        ]
        for table, outcome in zip(tables, self._run(statements, tables), strict=True):
            if outcome.failure is None:  # a table that cannot be read is reported when filled
                self.counts[table.name], rows = outcome.value
                columns = self.returned_columns[table.name]
                self.known[table.name] = [
                    dict(zip(columns, row, strict=bool(columns))) for row in rows
                ]

    def fill_level(self, level: Sequence[tuple[TableInfo, ...]], order: FillOrder) -> None:
        """Fill the level's tables, or find out why that fails."""
        batches = [self._batch(tables, order) for tables in level]
        self.batches += batches
        tables = [table for group in level for table in group]
        for _ in range(MAX_TRIES + 2):
            waiting = [(batch, batch.statements(self.known)) for batch in batches if batch.attempts]
            statements = [sql for _, each in waiting for sql in each]
            if not statements:
                break
            outcomes = self._run(statements, tables)
            for batch, each in waiting:
                batch.receive(outcomes[: len(each)])
                outcomes = outcomes[len(each) :]
        for batch in batches:
            self.notes += (FillNote(name, text) for name, text in batch.not_stored.items())
            for name, stored in batch.stored.items():
                self.known.setdefault(name, []).extend(stored)

    def set_deferred_references(self, order: FillOrder) -> None:
        """Set the foreign keys that were NULL at first to break a cycle."""
        updates = [
            (table, key, sql)
            for batch in self.batches
            for table in (template.table for template in batch.templates)
            for key in table.foreign_keys
            if (table.name, key.name) in order.deferred_keys
            for sql in self._reference_updates(table, key, batch.stored.get(table.name, ()))
        ]
        outcomes = self._run([sql for *_, sql in updates], [table for table, *_ in updates])
        for (table, key, _), outcome in zip(updates, outcomes, strict=True):
            if outcome.failure is not None:
                self.notes.append(FillNote(table.name, f"{key.name} stays NULL: {outcome.failure}"))

    def fill_new_columns(self, new_columns: Mapping[TableName, Collection[str]]) -> None:
        """Give rows that are there values in new columns, where the table accepts no other row."""
        for template in (each for batch in self.batches for each in batch.unfilled):
            name = template.table.name
            updates = list(self._new_column_updates(template, new_columns.get(name, ())))
            first = self._run([sql for sql, _ in updates], [template.table])
            refused = [pair[1] for pair, one in zip(updates, first, strict=True) if one.failure]
            outcomes = (*first, *self._run(refused, [template.table]))
            if updated := sum(1 for one in outcomes if one.value):
                self.renewed[name] = updated

    def restore_session(self, tables: Sequence[TableInfo]) -> None:
        """Restore what `_run` has changed: deferred constraints and FORCE ROW LEVEL SECURITY."""
        deferred = [name for table in self.user_tables for name in table.deferred_constraints]
        more = f"SET CONSTRAINTS {', '.join(deferred)} DEFERRED;" if deferred else ""
        restore_force_rls(self.connection, tables, and_then=more)

    def report(self) -> FillReport:
        """Return what was filled and what was not."""
        filled: list[Filled] = []
        not_filled: list[NotFilled] = []
        for batch in self.batches:
            failure = next(iter(batch.failures.values()), None)
            for template in batch.templates:
                name = template.table.name
                count = len(batch.stored.get(name, ()))
                if count:
                    filled.append(Filled(name, count))
                    self.notes += _fill_notes(template, batch, failure)
                elif name in self.renewed:
                    filled.append(Filled(name, self.renewed[name]))
                else:
                    reason = failure or StatementFailure(
                        "", "the rows were accepted but not stored (a trigger or a rule)"
                    )
                    has_rows = bool(self.counts.get(name))
                    not_filled.append(
                        NotFilled(name, str(reason), reason.sqlstate, has_rows=has_rows)
                    )
        return FillReport() + FillReport(tuple(filled), tuple(not_filled), tuple(self.notes))

    def _batch(self, tables: tuple[TableInfo, ...], order: FillOrder) -> InsertBatch:
        is_deferred = any(
            (table.name, key.name) in order.deferred_keys
            for table in tables
            for key in table.foreign_keys
        )
        return insert_batch(
            tables,
            deferred_keys=order.deferred_keys,
            returned_columns=self.returned_columns,
            supplied=self.supplied,
            attempts=self._attempts(tables, rows_per_parent=2 if is_deferred else 1),
        )

    def _attempts(
        self, tables: tuple[TableInfo, ...], *, rows_per_parent: int
    ) -> dict[int, dict[TableName, Attempt]]:
        partitions = max(min(len(table.partition_bounds), MAX_PARTITIONS) for table in tables)
        supplied = (len(self.supplied.get(table.name, ())) for table in tables)
        return {
            index: {
                table.name: first_attempt(
                    self.counts.get(table.name, 0) + index,
                    position=index,
                    rows_per_parent=rows_per_parent,
                )
                for table in tables
            }
            for index in range(max(self.rows, partitions, *supplied))
        }

    def _reference_updates(
        self, table: TableInfo, key: ForeignKeyInfo, rows: Sequence[RowValues]
    ) -> Iterator[str]:
        """Yield the UPDATEs that let the new rows reference others; none without a primary key.

        A reference that is supplied stays as it is, also NULL.
        """
        columns = columns_set_null(table, key)
        supplied = self.supplied.get(table.name, ())
        for index, row in enumerate(rows):
            if index < len(supplied) and {*columns} <= supplied[index].keys():
                continue
            primary_key = {name: row.get(name) for name in table.primary_key}
            target = _deferred_target(table, key, row, self.known, index=index)
            if target is not None and primary_key and None not in primary_key.values():
                values = {mine: target[theirs] for mine, theirs in key.pairs if mine in columns}
                yield update_sql(table, values, primary_key)

    def _new_column_updates(
        self, template: RowTemplate, columns: Collection[str]
    ) -> Iterator[tuple[str, str]]:
        """Yield two UPDATEs of these columns for each row: as usual, and with other typical values.

        A value that is there stays, and so does the primary key, without which there is no UPDATE.
        """
        table = template.table
        free = {c.name for c in template.writable} & {*columns} - {*table.primary_key}
        supplied = self.supplied.get(table.name, ())
        for index, row in enumerate(self.known.get(table.name, [])[: self.rows]):
            primary_key = {name: row.get(name) for name in table.primary_key}
            if not free or not primary_key or None in primary_key.values():
                continue
            attempt = first_attempt(index, position=index)
            other = replace(attempt, mode=ValueMode.TYPICAL, number_jumps=1)
            fixed = supplied[index] if index < len(supplied) else {}
            targets = _targets_that_fit(table, row, free, self.known)
            first, second = (
                _column_values(template, one, free, targets)
                | {name: fixed[name] for name in free & fixed.keys()}
                for one in (attempt, other)
            )
            yield (
                update_sql(table, first, primary_key, keeps_values=True),
                update_sql(table, second, primary_key, keeps_values=True),
            )

    def _run(
        self, statements: Sequence[str], tables: Iterable[TableInfo]
    ) -> tuple[StatementOutcome, ...]:
        """Run the statements; constraints are checked at once and the owner sees every row."""
        is_deferred = any(table.deferred_constraints for table in self.user_tables)
        before = "SET CONSTRAINTS ALL IMMEDIATE;\n" if is_deferred else ""
        return run_statements(
            self.connection, statements, before=before + lift_force_rls_sql(tables)
        )


def _supplied_values(user_tables: UserTables, supplied: SuppliedRows) -> KnownRows:
    """Return the supplied rows as texts, without tables and columns that do not exist (yet)."""
    found: dict[TableName, tuple[RowValues, ...]] = {}
    for name, rows in supplied.items():
        table = user_tables.find(TableName(name)) or user_tables.find(TableName(f"public.{name}"))
        if table is not None:
            found[table.name] = tuple(
                {
                    column.name: json_text(row[column.name])
                    if column.type.base.name in ("json", "jsonb")
                    else value_text(row[column.name])
                    for column in table.columns
                    if column.name in row
                }
                for row in rows
            )
    return found


def _with_referenced_tables(
    wanted: Iterable[TableName], user_tables: UserTables
) -> tuple[TableInfo, ...]:
    """Return the tables and all that they reference, directly or indirectly."""
    found: dict[TableName, TableInfo] = {}
    waiting = list(wanted)
    while waiting:
        table = user_tables.find(waiting.pop())
        if table is not None and table.name not in found:
            found[table.name] = table
            waiting += [key.table for key in table.foreign_keys]
    return tuple(found[name] for name in sorted(found))


def _returned_columns(user_tables: UserTables) -> dict[TableName, tuple[str, ...]]:
    """Return the columns of each table that other tables reference, its primary and foreign keys."""
    found: dict[TableName, dict[str, None]] = {
        table.name: dict.fromkeys(table.primary_key) for table in user_tables
    }
    for table in user_tables:
        for key in table.foreign_keys:
            found[table.name] |= dict.fromkeys(key.columns)
            if key.table in found:
                found[key.table] |= dict.fromkeys(key.referenced)
    return {name: tuple(columns) for name, columns in found.items()}


def _deferred_target(
    table: TableInfo, key: ForeignKeyInfo, row: RowValues, known: KnownRows, *, index: int
) -> RowValues | None:
    """Return the row to reference; it agrees in the columns that are not updated.

    A row references an older one of its own table, so that following the references ends. Of the
    rows that reference another table every third stays NULL.
    """
    candidates = list(known.get(key.table, ()))
    if key.table == table.name:
        candidates = candidates[: candidates.index(row)][::-1] if row in candidates else []
    elif index % 3 == 1:
        return None
    else:
        candidates = candidates[index:] + candidates[:index]
    columns = columns_set_null(table, key)
    for other in candidates:
        is_complete = all(other.get(theirs) is not None for theirs in key.referenced)
        if is_complete and all(
            mine in columns or row.get(mine) == other[theirs] for mine, theirs in key.pairs
        ):
            return other
    return None


def _column_values(
    template: RowTemplate, attempt: Attempt, columns: Collection[str], known: KnownRows
) -> RowValues:
    """Return the attempt's values of these columns; no reference where no row can be referenced."""
    keys = tuple(key for key in template.table.foreign_keys if {*columns} & {*key.columns})
    found = row_values(template, attempt, keys, known)
    if isinstance(found, NoReferencedRow):
        referencing = {name for key in keys for name in key.columns}
        return _column_values(template, attempt, {*columns} - referencing, known)
    return {name: found.get(name) for name in sorted(columns)}


def _targets_that_fit(
    table: TableInfo, row: RowValues, free: Collection[str], known: KnownRows
) -> KnownRows:
    """Return the known rows that this row may reference with the values that it has already."""
    fitting = dict(known)
    for key in table.foreign_keys:
        fixed = [(mine, theirs) for mine, theirs in key.pairs if mine not in free]
        if len(fixed) < len(key.columns):
            fitting[key.table] = [
                other
                for other in fitting.get(key.table, ())
                if all(other.get(theirs) == row.get(mine) for mine, theirs in fixed)
            ]
    return fitting


def _fill_notes(
    template: RowTemplate, batch: InsertBatch, failure: StatementFailure | None
) -> Iterator[FillNote]:
    """Yield a note on refused rows, and on each column that has only NULL or its default."""
    table = template.table
    if batch.failures:
        total = len(batch.failures) + len(batch.stored[table.name])
        yield FillNote(table.name, f"{len(batch.failures)} of {total} rows refused: {failure}")
    for column in template.writable:
        texts = {row.get(column.name) for row in batch.written[table.name]}
        has_values = bool(texts - {None, constant_default(column)})
        if column.name not in table.referencing_columns and not has_values:
            yield FillNote(table.name, f"no row has a value of its own in {column.name}")


@dataclass(frozen=True, slots=True)
class Filled:
    """A table that got rows, or whose rows got values in new columns."""

    table: TableName
    rows: int


@dataclass(frozen=True, slots=True)
class NotFilled:
    """A table that got no row, with the reason."""

    table: TableName
    reason: str
    sqlstate: str = ""
    has_rows: bool = False
    """Whether it had rows before."""

    def __str__(self) -> str:
        return f"{display_name(self.table)}: not filled: {self.reason}"


@dataclass(frozen=True, slots=True)
class FillNote:
    """A limit of the rows of a table that was filled."""

    table: TableName
    text: str

    def __str__(self) -> str:
        return f"{display_name(self.table)}: {self.text}"


@dataclass(frozen=True, slots=True)
class FillReport:
    """The result for each table, sorted by name."""

    filled: tuple[Filled, ...] = ()
    not_filled: tuple[NotFilled, ...] = ()
    notes: tuple[FillNote, ...] = ()

    def __add__(self, other: FillReport) -> FillReport:
        """Return both together; a table that one of them has filled is filled."""
        counts: dict[TableName, int] = {}
        for one in (*self.filled, *other.filled):
            counts[one.table] = counts.get(one.table, 0) + one.rows
        failed = {one.table: one for one in (*self.not_filled, *other.not_filled)}
        return FillReport(
            tuple(Filled(table, counts[table]) for table in sorted(counts)),
            tuple(failed[table] for table in sorted(failed) if table not in counts),
            tuple(dict.fromkeys((*self.notes, *other.notes))),
        )
