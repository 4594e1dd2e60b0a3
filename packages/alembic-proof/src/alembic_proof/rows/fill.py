"""Fills tables with rows that satisfy their constraints.

One statement per table writes all rows; only what is refused is tried again, row by row, in other
ways. All statements of tables that do not need each other travel together.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from alembic_proof.rows.attempt import MOST_TRIES, Attempt, first_attempt
from alembic_proof.rows.insert import known_sql
from alembic_proof.rows.later import update_statements
from alembic_proof.rows.order import Order, order_of, required
from alembic_proof.rows.renew import renewals
from alembic_proof.rows.report import Filled, FillNote, FillReport, NotFilled
from alembic_proof.rows.row import Values, constant_default
from alembic_proof.rows.run import Failure, Outcome, execute, run_each
from alembic_proof.rows.shape import Shapes, Table, TableName
from alembic_proof.rows.sight import force, unforce
from alembic_proof.rows.supplied import Supplied, given_rows
from alembic_proof.rows.unit import Unit, unit_of

MOST_KNOWN = 16
"""How many of a table's rows are candidates for being referred to."""
MOST_BOUNDS = 12
"""How many partitions get a row of their own."""


def fill(
    connection: sa.Connection,
    shapes: Shapes,
    *,
    tables: Iterable[TableName] | None = None,
    rows: int = 3,
    supplied: Supplied | None = None,
    fixed: Mapping[TableName, Sequence[Values]] | None = None,
    fresh: Mapping[TableName, Collection[str]] | None = None,
) -> FillReport:
    """Ensures that each table (all by default) has `rows` more rows, and says where it could not.

    Empty tables that they refer to are filled as well. Every row depends on its table's name and
    on how many rows the table has, so that two runs write the same. The transaction stays usable.

    `supplied` are Python values of a table's first new rows, `fixed` the same as texts; columns
    that they leave out get values as any others. Where a table takes no other row, those that are
    there get values in its `fresh` columns.

    Locks: ROW EXCLUSIVE on the tables; ACCESS EXCLUSIVE for a moment where FORCE ROW LEVEL
        SECURITY binds the connection's own role.
    """
    wanted = [table.name for table in shapes] if tables is None else list(tables)
    given = given_rows(shapes, supplied or {}) | dict(fixed or {})
    filling = _Filling(connection, shapes, rows, given)
    near = _closure(wanted, shapes)
    filling.look(near)
    chosen = required(wanted, shapes, filling.counts)
    order = order_of(chosen)
    for level in order.levels:
        filling.fill_level(level, order)
    filling.refer_later(order)
    filling.renew(fresh or {})
    filling.restore(near)
    return filling.report()


@dataclass(slots=True)
class _Filling:
    """What is known while tables are filled."""

    connection: sa.Connection
    shapes: Shapes
    rows: int
    given: Mapping[TableName, Sequence[Values]]
    counts: dict[TableName, int] = field(default_factory=dict)
    known: dict[TableName, list[Values]] = field(default_factory=dict)
    back: dict[TableName, tuple[str, ...]] = field(default_factory=dict)
    units: list[Unit] = field(default_factory=list)
    notes: list[FillNote] = field(default_factory=list)
    renewed: dict[TableName, int] = field(default_factory=dict)
    """How many rows of a table got values in its fresh columns instead."""

    def look(self, near: Sequence[Table]) -> None:
        """Ensures that it is known which rows are there in these tables."""
        self.back = _read_back(self.shapes)
        statements = [known_sql(t, self.back[t.name], most=MOST_KNOWN) for t in near]
        for table, outcome in zip(near, self._run(statements, near), strict=True):
            if outcome.failure is not None:
                continue  # what cannot be read cannot be filled, and is reported then
            count, rows = outcome.value
            self.counts[table.name] = count
            back = self.back[table.name]
            self.known[table.name] = [dict(zip(back, row, strict=bool(back))) for row in rows]

    def fill_level(self, level: Sequence[tuple[Table, ...]], order: Order) -> None:
        """Ensures that the level's tables have their rows, or that it is known why not."""
        units = [self._unit(tables, order) for tables in level]
        self.units += units
        tables = [draft.table for unit in units for draft in unit.drafts]
        for _ in range(MOST_TRIES + 2):
            waiting = [(unit, unit.statements(self.known)) for unit in units if unit.attempts]
            statements = [sql for _, each in waiting for sql in each]
            if not statements:
                break
            outcomes = self._run(statements, tables)
            for unit, each in waiting:
                unit.receive(outcomes[: len(each)])
                outcomes = outcomes[len(each) :]
        for unit in units:
            self.notes += unit.notes
            for name, stored in unit.stored.items():
                self.known.setdefault(name, []).extend(stored)

    def refer_later(self, order: Order) -> None:
        """Ensures that the foreign keys of circles refer to something."""
        todo = [
            (table, key, sql)
            for unit in self.units
            for table in (draft.table for draft in unit.drafts)
            for key in table.foreign_keys
            if (table.name, key.name) in order.later
            for sql in update_statements(
                table,
                key,
                unit.stored.get(table.name, ()),
                self.known,
                given=self.given.get(table.name, ()),
            )
        ]
        outcomes = self._run([sql for _, _, sql in todo], [table for table, _, _ in todo])
        for (table, key, _), outcome in zip(todo, outcomes, strict=True):
            if outcome.failure is not None:
                self.notes.append(FillNote(table.name, f"{key.name} stays NULL: {outcome.failure}"))

    def renew(self, fresh: Mapping[TableName, Collection[str]]) -> None:
        """Ensures that rows of tables that take no other have values in the fresh columns."""
        for draft in (draft for unit in self.units for draft in unit.unfilled):
            name = draft.table.name
            pairs = list(
                renewals(
                    draft,
                    fresh.get(name, ()),
                    rows=self.known.get(name, [])[: self.rows],
                    known=self.known,
                    given=self.given.get(name, ()),
                )
            )
            first = self._run([sql for sql, _ in pairs], [draft.table])
            refused = [pair[1] for pair, one in zip(pairs, first, strict=True) if one.failure]
            outcomes = (*first, *self._run(refused, [draft.table]))
            if done := sum(1 for one in outcomes if one.value):
                self.renewed[name] = done

    def restore(self, tables: Sequence[Table]) -> None:
        """Ensures that deferred constraints and FORCE are as they were."""
        deferred = [name for table in self.shapes for name in table.deferred]
        body = force(tables)
        if deferred:
            body += f"\nSET CONSTRAINTS {', '.join(deferred)} DEFERRED;"
        if body:
            execute(self.connection, f"DO $rows$ BEGIN\n{body}\nEND $rows$")

    def report(self) -> FillReport:
        """What came of it."""
        filled, not_filled = [], []
        for unit in self.units:
            failure = next(iter(unit.failures.values()), None)
            for draft in unit.drafts:
                table = draft.table
                count = len(unit.stored.get(table.name, ()))
                if count:
                    filled.append(Filled(table.name, count))
                    self.notes += _missing(table, unit, failure)
                elif table.name in self.renewed:
                    filled.append(Filled(table.name, self.renewed[table.name]))
                else:
                    reason = failure or Failure("", "the rows were accepted and not stored")
                    not_filled.append(
                        NotFilled(
                            table.name,
                            str(reason),
                            reason.sqlstate,
                            has_rows=bool(self.counts.get(table.name)),
                        )
                    )
        return FillReport() + FillReport(tuple(filled), tuple(not_filled), tuple(self.notes))

    def _unit(self, tables: tuple[Table, ...], order: Order) -> Unit:
        is_later = any((t.name, key.name) in order.later for t in tables for key in t.foreign_keys)
        return unit_of(
            tables,
            later=order.later,
            back=self.back,
            given=self.given,
            attempts=self._attempts(tables, pace=2 if is_later else 1),
        )

    def _attempts(
        self, tables: tuple[Table, ...], *, pace: int
    ) -> dict[int, dict[TableName, Attempt]]:
        most = max(min(len(table.bounds), MOST_BOUNDS) for table in tables)
        count = max(self.rows, most, *(len(self.given.get(table.name, ())) for table in tables))
        return {
            place: {
                table.name: first_attempt(
                    self.counts.get(table.name, 0) + place, position=place, pace=pace
                )
                for table in tables
            }
            for place in range(count)
        }

    def _run(self, statements: Sequence[str], tables: Sequence[Table]) -> tuple[Outcome, ...]:
        return run_each(self.connection, statements, before=self._before(tables))

    def _before(self, tables: Iterable[Table]) -> str:
        """PL/pgSQL that lets constraints be judged at once and every row be seen."""
        is_deferred = any(table.deferred for table in self.shapes)
        return ("SET CONSTRAINTS ALL IMMEDIATE;\n" if is_deferred else "") + unforce(tables)


def _closure(wanted: Iterable[TableName], shapes: Shapes) -> tuple[Table, ...]:
    """The tables and all that they refer to, directly or not."""
    found: dict[TableName, Table] = {}
    waiting = list(wanted)
    while waiting:
        table = shapes.find(waiting.pop())
        if table is not None and table.name not in found:
            found[table.name] = table
            waiting += [key.table for key in table.foreign_keys]
    return tuple(found[name] for name in sorted(found))


def _read_back(shapes: Shapes) -> dict[TableName, tuple[str, ...]]:
    """The columns of each table that others refer to, or that find a row again."""
    found: dict[TableName, dict[str, None]] = {
        table.name: dict.fromkeys(table.primary) for table in shapes
    }
    for table in shapes:
        for key in table.foreign_keys:
            found[table.name] |= dict.fromkeys(key.columns)
            if key.table in found:
                found[key.table] |= dict.fromkeys(key.referenced)
    return {name: tuple(columns) for name, columns in found.items()}


def _missing(table: Table, unit: Unit, failure: Failure | None) -> list[FillNote]:
    """Notes on refused rows, and on columns in which no row has a value of its own."""
    notes = []
    if unit.failures:
        total = len(unit.failures) + len(unit.stored[table.name])
        text = f"{len(unit.failures)} of {total} rows refused: {failure}"
        notes.append(FillNote(table.name, text))
    rows = unit.written[table.name]
    draft = next(draft for draft in unit.drafts if draft.table is table)
    later = {name for key in table.foreign_keys for name in key.columns}
    for column in draft.writable:
        texts = {row.get(column.name) for row in rows}
        if column.name not in later and not texts - {None, constant_default(column)}:
            notes.append(FillNote(table.name, f"no row has a value of its own in {column.name}"))
    return notes
