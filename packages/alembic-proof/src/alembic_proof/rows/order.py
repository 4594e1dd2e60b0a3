"""In what order tables are filled: referenced ones first, circles broken where NULL is allowed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from alembic_proof.rows.shape import ForeignKey, Shapes, Table, TableName

Edge = tuple[TableName, str]
"""A table and the name of one of its foreign keys."""


@dataclass(frozen=True, slots=True)
class Order:
    """Who is filled when."""

    levels: tuple[tuple[tuple[Table, ...], ...], ...]
    """Levels of units; a unit of several tables is a circle that only one statement can fill."""
    later: frozenset[Edge]
    """Foreign keys that stay NULL until all tables have their rows."""


def order_of(tables: Collection[Table]) -> Order:
    """The order for these tables, stable for equal tables."""
    named = {table.name: table for table in sorted(tables, key=lambda table: table.name)}
    later: set[Edge] = set()
    for circle in _circles(_graph(named.values(), later)):
        later |= {
            (name, key.name)
            for name in circle
            for key in named[name].foreign_keys
            if key.table in circle and empties(named[name], key)
        }
    graph = _graph(named.values(), later)
    units = {name: circle for circle in _circles(graph) for name in circle}
    return Order(_levels(graph, units, named), frozenset(later))


def empties(table: Table, key: ForeignKey) -> tuple[str, ...]:
    """The columns that are set to NULL when the key refers to nothing; () when it cannot.

    Columns that another foreign key uses as well keep their value.
    """
    used = {
        name for other in table.foreign_keys if other.name != key.name for name in other.columns
    }
    nullable = [
        name
        for name in key.columns
        if (column := table.column(name)) and column.may_be_null and name not in table.primary
    ]
    return tuple(name for name in nullable if name not in used) or tuple(nullable)


def required(
    tables: Iterable[TableName], shapes: Shapes, counts: Mapping[TableName, int]
) -> tuple[Table, ...]:
    """These tables and those that they cannot be filled without.

    An empty table that one of them refers to needs rows first; so does any table that is
    referred to one to one, where each older row has its partner already.
    """
    found: dict[TableName, Table] = {}
    waiting = list(tables)
    while waiting:
        table = shapes.find(waiting.pop())
        if table is None or table.name in found:
            continue
        found[table.name] = table
        is_refilled = counts.get(table.name, 0) > 0
        waiting += [
            key.table
            for key in table.foreign_keys
            if not counts.get(key.table, 0) or (is_refilled and _is_paired(table, key))
        ]
    return tuple(found[name] for name in sorted(found))


def _is_paired(table: Table, key: ForeignKey) -> bool:
    """Whether a unique key consists of references alone, this one among them."""
    referring = {name for other in table.foreign_keys for name in other.columns}
    return any(
        unique.columns and not unique.expressions and set(unique.columns) <= referring
        and set(key.columns) & set(unique.columns)
        for unique in table.keys
    )  # fmt: skip


def _graph(
    tables: Iterable[Table], later: Collection[Edge]
) -> dict[TableName, tuple[TableName, ...]]:
    """Each table's references; to itself as well, to tables outside not."""
    named = {table.name: table for table in tables}
    return {
        name: tuple(
            key.table
            for key in table.foreign_keys
            if key.table in named and (name, key.name) not in later
        )
        for name, table in named.items()
    }


def _circles(graph: Mapping[TableName, tuple[TableName, ...]]) -> tuple[frozenset[TableName], ...]:
    """The sets of tables that refer to each other, or one to itself."""
    reach = {name: _reachable(name, graph) for name in graph}
    circles = {
        frozenset(other for other in reach[name] if name in reach[other])
        for name in graph
        if name in reach[name]
    }
    return tuple(sorted(circles, key=sorted))


def _reachable(
    start: TableName, graph: Mapping[TableName, tuple[TableName, ...]]
) -> set[TableName]:
    found: set[TableName] = set()
    waiting = list(graph[start])
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += graph[name]
    return found


def _levels(
    graph: Mapping[TableName, tuple[TableName, ...]],
    units: Mapping[TableName, frozenset[TableName]],
    named: Mapping[TableName, Table],
) -> tuple[tuple[tuple[Table, ...], ...], ...]:
    def unit(name: TableName) -> frozenset[TableName]:
        return units.get(name, frozenset((name,)))

    before: dict[frozenset[TableName], set[frozenset[TableName]]] = {}
    for name, references in graph.items():
        before.setdefault(unit(name), set()).update(
            unit(other) for other in references if unit(other) != unit(name)
        )
    sorter = TopologicalSorter(before)
    try:
        sorter.prepare()
    except CycleError as error:  # circles are units, so there is none
        raise AssertionError(error) from error
    levels = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready(), key=sorted)
        levels.append(tuple(tuple(named[name] for name in sorted(each)) for each in ready))
        sorter.done(*ready)
    return tuple(levels)
