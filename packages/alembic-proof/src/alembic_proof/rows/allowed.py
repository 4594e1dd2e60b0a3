"""Rows that a changed schema allows and the one before it did not.

A downgrade has to cope with them: they are what users write once the upgrade is out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from alembic_proof.rows.attempt import FARTHER
from alembic_proof.rows.condition import ways
from alembic_proof.rows.fill import fill
from alembic_proof.rows.report import FillNote, FillReport
from alembic_proof.rows.requirement import NOTHING, Requirement
from alembic_proof.rows.row import Values
from alembic_proof.rows.shape import Column, Family, Shapes, Table
from alembic_proof.rows.supplied import Supplied
from alembic_proof.rows.values.numbers import span_of
from alembic_proof.rows.values.palette import MOST_BYTES, Request
from alembic_proof.rows.values.registry import palette

MOST_PARTITIONS = 12


@dataclass(frozen=True, slots=True)
class Allowance:
    """One value that only the new schema takes."""

    column: str
    text: str | None
    reason: str

    @property
    def values(self) -> Values:
        """The value under its column's name."""
        return {self.column: self.text}


def fill_allowed(
    connection: sa.Connection,
    before: Shapes,
    after: Shapes,
    *,
    rows: int = 3,
    supplied: Supplied | None = None,
) -> FillReport:
    """Ensures that new tables have rows, and changed ones a row for each newly allowed value.

    `supplied` are Python values of a new table's first rows. What cannot be written although it
    seems to be allowed is a note: another constraint forbids it.
    """
    fresh = [table.name for table in after if before.find(table.name) is None]
    report = FillReport()
    if fresh:
        report = fill(connection, after, tables=fresh, rows=rows, supplied=supplied)
    for table in after:
        old = before.find(table.name)
        if old is None or old == table:
            continue
        report += _in_new_partitions(connection, after, old, table)
        if _is_freed(old, table):
            report += _some(connection, after, table, rows=rows)
        for allowance in (*allowances(old, table), *_dangling(old, table, after)):
            is_new = old.column(allowance.column) is None
            report += _one(connection, after, table, allowance, is_new=is_new)
    return report


def _in_new_partitions(
    connection: sa.Connection, shapes: Shapes, old: Table, table: Table
) -> FillReport:
    """A row in each of the first partitions, where some were not there before."""
    if not set(table.bounds) - set(old.bounds):
        return FillReport()
    return _some(connection, shapes, table, rows=min(len(table.bounds), MOST_PARTITIONS))


def _is_freed(old: Table, table: Table) -> bool:
    """Whether a check is gone, also a domain's, and none is in its place.

    Ordinary values and edges are free of it then.
    """
    names = {column.name for column in table.columns}
    bound = {frozenset(check.columns) for check in table.checks}
    gone = ({*check.columns} for check in old.checks if frozenset(check.columns) not in bound)
    return any(columns <= names for columns in gone) or any(
        _is_checked(before) and not _is_checked(column)
        for column in table.columns
        if (before := old.column(column.name)) is not None
    )


def _is_checked(column: Column) -> bool:
    """Whether a domain of its type has a check."""
    return any(domain.checks for domain in column.type.domains)


def _some(connection: sa.Connection, shapes: Shapes, table: Table, *, rows: int) -> FillReport:
    """Some more rows, as the first ones of a table are; what cannot be written goes without a word."""
    return FillReport(fill(connection, shapes, tables=(table.name,), rows=rows).filled)


def _one(
    connection: sa.Connection,
    shapes: Shapes,
    table: Table,
    allowance: Allowance,
    *,
    is_new: bool,
) -> FillReport:
    """One ordinary row with that value, in a new column else one that is there; a refusal is a note."""
    found = fill(
        connection,
        shapes,
        tables=(table.name,),
        rows=1,
        fixed={table.name: (allowance.values,)},
        fresh={table.name: [allowance.column] if is_new else []},
    )
    mine = [one for one in found.not_filled if one.table == table.name]
    if not mine:
        return FillReport(found.filled, found.not_filled)
    note = FillNote(
        table.name, f"{allowance.reason}, yet a row with it is refused: {mine[0].reason}"
    )
    rest = tuple(one for one in found.not_filled if one.table != table.name)
    return FillReport(found.filled, rest, (note,))


def allowances(before: Table, after: Table) -> tuple[Allowance, ...]:
    """The values that the new table takes and the old one did not, as far as definitions tell."""
    found: list[Allowance] = []
    old_asked, new_asked = _asked(before), _asked(after)
    for column in after.columns:
        old = _old(before, after, column)
        if column.is_generated or column.is_numbered:
            continue
        asked = new_asked.get(column.name, NOTHING)
        if old is None:
            found += _new_column(after, column, asked)
            continue
        found += _null(old, column)
        if column.name not in _referring(after):
            known = old_asked.get(old.name, NOTHING)
            found += _listed(old, column, known, asked)
            found += _longer(old, column, known, asked)
            found += _greater(old, column, known, asked)
            found += _other(old, column, asked)
    return tuple(dict.fromkeys(found))


def _old(before: Table, after: Table, column: Column) -> Column | None:
    """What the column was, also under another name."""
    old = before.column(column.name)
    if old is not None or column.place is None:
        return old
    gone = (other for other in before.columns if after.column(other.name) is None)
    return next((other for other in gone if other.place == column.place), None)


def _referring(table: Table) -> set[str]:
    """The columns whose values have to be another row's."""
    return {name for key in table.foreign_keys for name in key.columns}


def _dangling(before: Table, after: Table, shapes: Shapes) -> Iterator[Allowance]:
    """A value that refers to nothing, where a reference was taken away and its target is there.

    Of several columns the last one that nothing else binds: the rest may be as they are.
    """
    bound = _referring(after)
    for key in before.foreign_keys:
        columns = [column for name in key.columns if (column := after.column(name))]
        free = [c for c in columns if c.name not in bound and c == before.column(c.name)]
        if free and len(columns) == len(key.columns) and shapes.find(key.table) is not None:
            column, names = free[-1], ", ".join(key.columns)
            text = palette(Request(column.type, NOTHING, column.name)).series(FARTHER)
            yield Allowance(column.name, text, f"{names} may refer to nothing now")


def _asked(table: Table) -> dict[str, Requirement]:
    """What single checks ask of single columns; the first way of each check that has one."""
    found: dict[str, Requirement] = {}
    for check in table.checks:
        options = ways(check.expression)
        if len(options) == 1 and len(options[0]) == 1:
            for name, requirement in options[0].items():
                found.setdefault(name, requirement)
    return found


def _new_column(table: Table, column: Column, asked: Requirement) -> Iterator[Allowance]:
    """A value in a column that was not there; older rows have its default or NULL.

    A farther one in a key, of which the first values may be taken.
    """
    if column.name in _referring(table):
        return
    is_keyed = any(column.name in key.columns for key in table.keys)
    request = Request(column.type, asked, column.name, f"{table.name}.{column.name}")
    text = palette(request).series(FARTHER if is_keyed else 0)
    yield Allowance(column.name, text, f"{column.name} is new")


def _other(old: Column, new: Column, asked: Requirement) -> Iterator[Allowance]:
    """A value of a type that is another one, which the old type need not have; not of numbers."""
    before, after = old.type.base, new.type.base
    if (before.schema, before.name) != (after.schema, after.name) and after.category != "N":
        text = palette(Request(new.type, asked, new.name)).series(FARTHER)
        yield Allowance(new.name, text, f"{new.name} is of another type")


def _null(old: Column, new: Column) -> Iterator[Allowance]:
    if new.may_be_null and not old.may_be_null:
        yield Allowance(new.name, None, f"{new.name} may be NULL now")


def _listed(
    old: Column, new: Column, old_asked: Requirement, asked: Requirement
) -> Iterator[Allowance]:
    """The first value that was added to a list or to an enum, or that is free since a list went."""
    if old.type.base.family is Family.ENUM is new.type.base.family:
        added = [label for label in new.type.base.labels if label not in old.type.base.labels]
    elif old_asked.one_of is not None:
        free = palette(Request(new.type, asked, new.name)).series(1)
        added = [text for text in asked.one_of or (free,) if text not in old_asked.one_of]
    else:
        added = []
    for text in added[:1]:
        yield Allowance(new.name, text, f"{new.name} may be {text!r} now")


def _longer(
    old: Column, new: Column, old_asked: Requirement, asked: Requirement
) -> Iterator[Allowance]:
    """A text of the new greatest length."""
    if new.type.base.category != "S" or old.type.base.category != "S" or asked.one_of is not None:
        return
    most, limit = _length(new, asked), _length(old, old_asked)
    if most > limit:
        text = (new.name + "x" * most)[:most]
        yield Allowance(new.name, text, f"{new.name} may have {most} characters now")


def _length(column: Column, asked: Requirement) -> int:
    shape = column.type.base
    most = MOST_BYTES if asked.longest is None else min(asked.longest, MOST_BYTES)
    has_limit = shape.name in ("varchar", "bpchar") and shape.modifier >= 4
    return min(most, shape.modifier - 4) if has_limit else most


def _greater(
    old: Column, new: Column, old_asked: Requirement, asked: Requirement
) -> Iterator[Allowance]:
    """The greatest and the least number of a wider type or of wider bounds."""
    shape = old.type.base
    if new.type.base.category != "N" or shape.category != "N" or asked.one_of is not None:
        return
    if shape.name == "numeric" and shape.modifier < 0:
        return  # it holds any number
    limit, most = span_of(shape, old_asked), span_of(new.type.base, asked)
    if most.high > limit.high:
        yield Allowance(new.name, f"{most.high:f}", f"{new.name} may be {most.high:f} now")
    if most.low < limit.low:
        yield Allowance(new.name, f"{most.low:f}", f"{new.name} may be {most.low:f} now")
