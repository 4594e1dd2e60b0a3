"""The keys that a changed schema has more than the one before, and rows that are equal in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from alembic_proof.rows.row import Values
from alembic_proof.rows.shape import Key, Shapes, Table, TableName

_MADE = re.compile(
    r"\b(?:gen_random_uuid|uuidv[47]|uuid_generate_v(?:1|1mc|4)|random|gen_random_bytes)\("
)
"""Calls that give another value each time, as the clock need not.

Source: functions-uuid; functions-math, "Random Functions"; uuid-ossp; pgcrypto.
"""
_FOLDED = re.compile(r"\b(?:lower|upper)\(")


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key of a table that was there without it."""

    table: TableName
    key: Key


def new_keys(before: Shapes, after: Shapes) -> tuple[NewKey, ...]:
    """The keys that forbid rows which the shapes before permit, as far as definitions tell.

    Those as well of columns that were not there: what is in them may come from others.
    """
    if before is after:
        return ()
    return tuple(
        NewKey(table.name, key)
        for table in after
        if (old := before.find(table.name)) is not None and old.name == table.name
        if old.keys != table.keys
        for key in table.keys
        if not any(_implies(known, key, old) for known in old.keys)
    )


def lost_keys(before: Shapes, after: Shapes) -> tuple[NewKey, ...]:
    """The keys that permit rows which the shapes before forbid, as far as definitions tell.

    Not those that nobody takes for a permission: a primary key in whose place there is one of other
    columns, a column whose values are made to differ, a key that is wider because its table is
    partitioned.
    """
    return tuple(
        lost
        for lost in new_keys(after, before)
        if (now := after.find(lost.table)) and not _is_kept_otherwise(lost, now, before)
    )


def _is_kept_otherwise(lost: NewKey, now: Table, before: Shapes) -> bool:
    old, columns = before.find(lost.table), {*lost.key.columns}
    is_replaced = lost.key.is_primary and now.primary and not {*now.primary} & columns
    is_parted = now.is_partitioned and old is not None and not old.is_partitioned
    return bool(is_replaced) or is_parted or any(_is_made(lost.key, c, now) for c in columns)


def _is_made(key: Key, name: str, now: Table) -> bool:
    """Whether the column's values differ without the key: a sequence or chance makes them.

    A UUID that was a whole primary key is one that somebody has made by chance elsewhere.
    """
    column = now.column(name)
    if column is None:
        return False
    is_whole = key.is_primary and key.columns == (name,)
    is_uuid = is_whole and name in now.primary and column.type.base.name == "uuid"
    return column.is_numbered or is_uuid or bool(_MADE.search(column.default or ""))


def is_as_strict(now: Table, old: Table) -> bool:
    """Whether the table forbids what it forbade: keys, references and checks are all there."""
    keys = {replace(key, name="") for key in now.keys}
    references = {replace(key, name="") for key in now.foreign_keys}
    checks = {check.expression for check in now.checks}
    return (
        all(replace(key, name="") in keys for key in old.keys)
        and all(replace(key, name="") in references for key in old.foreign_keys)
        and all(check.expression in checks for check in old.checks)
    )


def equal_in(key: Key, table: Table) -> frozenset[str]:
    """The columns of the table in which rows are equal that the key forbids."""
    return frozenset(key.columns) & _names(table) | _read_by(key.expressions, table)


def _implies(old: Key, new: Key, table: Table) -> bool:
    """Whether rows that are equal in the new key are so in the old one."""
    if replace(old, name="", is_primary=False) == replace(new, name="", is_primary=False):
        return True
    nullable = [c for name in old.columns if (c := table.column(name)) and c.may_be_null]
    return (
        not old.expressions
        and not old.is_exclusion
        and {*old.columns} <= {*new.columns}
        and old.predicate in ("", new.predicate)
        and (new.is_null_distinct or not old.is_null_distinct or not nullable)
    )


def _names(table: Table) -> frozenset[str]:
    return frozenset(column.name for column in table.columns)


def _read_by(expression: str, table: Table) -> frozenset[str]:
    """The columns whose names are in the expression."""
    return frozenset(
        name
        for name in _names(table)
        if re.search(rf"(?<![\w$]){re.escape(name)}(?![\w$])", expression)
    )


def twins_of(table: Table, key: Key, row: Values) -> Iterator[Values]:
    """What is set of a row that is equal to this one in the new key and differs in the table's own.

    Each a different way, the likest first; none where the table's keys forbid all such rows.
    """
    equal = equal_in(key, table)
    yield from _ways(table, key, row, equal)
    folded = _read_by(key.expressions, table) - {*key.columns}
    if _FOLDED.search(key.expressions):
        swapped: dict[str, str | None] = {
            name: text.swapcase() for name in folded if (text := row.get(name))
        }
        other = {name for name, text in swapped.items() if text != row[name]}
        if other:
            yield from _ways(table, key, {**row, **swapped}, equal - other, other=frozenset(other))


def _ways(
    table: Table,
    key: Key,
    row: Values,
    equal: frozenset[str],
    *,
    other: frozenset[str] = frozenset(),
) -> Iterator[Values]:
    """The ways to be equal in these columns; in the `other` ones the row differs already."""
    asked = _read_by(key.predicate, table)
    dropped: set[str] = set()
    free: set[str] = set()
    for old in table.keys:
        read = equal_in(old, table) | _read_by(old.predicate, table)
        is_null = old.is_null_distinct and any(row.get(n, "") is None for n in old.columns)
        if read & other or is_null:
            continue
        if not read - equal:
            return
        free |= read - equal
        dropped.add(min(read - equal, key=lambda name: _cost(table, name, dropped, asked)))
    yield {name: text for name, text in row.items() if name not in dropped}
    kept = (equal | asked | other) - dropped
    if kept <= row.keys():
        yield {name: row[name] for name in kept}
        nulls = {n for n in free if (c := table.column(n)) and c.may_be_null}
        if nulls:
            yield {name: row[name] for name in kept - nulls} | dict.fromkeys(sorted(nulls))


def _cost(
    table: Table, name: str, dropped: set[str], asked: frozenset[str]
) -> tuple[bool, bool, bool, bool, str]:
    """How unwelcome it is that the column differs: numbers of a sequence are made for it."""
    column = table.column(name)
    referring = {each for key in table.foreign_keys for each in key.columns}
    is_numbered = column is not None and column.is_numbered
    return (name not in dropped, name in asked, not is_numbered, name in referring, name)
