"""The order in which tables are filled: referenced tables first.

A cycle of foreign keys is broken where one of them may be NULL at first.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter

from alembic_proof.rows.schema import ForeignKeyInfo, TableInfo, TableName, UserTables

ForeignKeyId = tuple[TableName, str]
"""A table and the name of one of its foreign keys."""
_Graph = Mapping[TableName, tuple[TableName, ...]]
"""The tables that each table references."""


@dataclass(frozen=True, slots=True)
class FillOrder:
    """The steps in which tables are filled."""

    levels: tuple[tuple[tuple[TableInfo, ...], ...], ...]
    """Groups of tables that are independent of each other, level by level.

    A group is one table, or a cycle of tables that only one statement can fill.
    """
    deferred_keys: frozenset[ForeignKeyId]
    """Foreign keys that stay NULL until all tables have their rows."""


def fill_order(tables: Collection[TableInfo]) -> FillOrder:
    """Return the order for these tables; equal tables give an equal order."""
    named = {table.name: table for table in sorted(tables, key=lambda table: table.name)}
    deferred_keys: set[ForeignKeyId] = set()
    for cycle in _cycles(_references(named, deferred_keys)):
        deferred_keys |= {
            (name, key.name)
            for name in cycle
            for key in named[name].foreign_keys
            if key.table in cycle and columns_set_null(named[name], key)
        }
    graph = _references(named, deferred_keys)
    groups = {name: cycle for cycle in _cycles(graph) for name in cycle}
    return FillOrder(_levels(graph, groups, named), frozenset(deferred_keys))


def columns_set_null(table: TableInfo, key: ForeignKeyInfo) -> tuple[str, ...]:
    """Return the columns to set to NULL so that the key references nothing; empty if impossible.

    A column that another foreign key uses as well is left alone if nulling another column suffices.
    """
    used = {
        name for other in table.foreign_keys if other.name != key.name for name in other.columns
    }
    nullable = [
        name
        for name in key.columns
        if (column := table.column(name)) and column.may_be_null and name not in table.primary_key
    ]
    return tuple(name for name in nullable if name not in used) or tuple(nullable)


def tables_to_fill(
    tables: Iterable[TableName], user_tables: UserTables, counts: Mapping[TableName, int]
) -> tuple[TableInfo, ...]:
    """Return these tables and those without which they cannot be filled, sorted by name.

    An empty referenced table needs rows first. So does a table that is referenced one to one, if
    each of its rows is referenced already.

    :param counts: The number of rows of each table.
    """
    found: dict[TableName, TableInfo] = {}
    waiting = list(tables)
    while waiting:
        table = user_tables.find(waiting.pop())
        if table is None or table.name in found:
            continue
        found[table.name] = table
        has_rows = counts.get(table.name, 0) > 0
        waiting += [
            key.table
            for key in table.foreign_keys
            if not counts.get(key.table, 0) or (has_rows and _is_one_to_one(table, key))
        ]
    return tuple(found[name] for name in sorted(found))


def _is_one_to_one(table: TableInfo, key: ForeignKeyInfo) -> bool:
    """Return whether a unique key has columns of foreign keys only, one of this key among them."""
    return any(
        unique.columns
        and not unique.expressions
        and {*unique.columns} <= table.referencing_columns
        and {*key.columns} & {*unique.columns}
        for unique in table.keys
    )


def _references(
    named: Mapping[TableName, TableInfo], deferred_keys: Collection[ForeignKeyId]
) -> _Graph:
    """Return the references between these tables, without those of the deferred keys."""
    return {
        name: tuple(
            key.table
            for key in table.foreign_keys
            if key.table in named and (name, key.name) not in deferred_keys
        )
        for name, table in named.items()
    }


def _cycles(graph: _Graph) -> tuple[frozenset[TableName], ...]:
    """Return the sets of tables that reference each other, or one table itself."""
    reach = {name: _reachable(name, graph) for name in graph}
    cycles = {
        frozenset(other for other in reach[name] if name in reach[other])
        for name in graph
        if name in reach[name]
    }
    return tuple(sorted(cycles, key=sorted))


def _reachable(start: TableName, graph: _Graph) -> set[TableName]:
    found: set[TableName] = set()
    waiting = list(graph[start])
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += graph[name]
    return found


def _levels(
    graph: _Graph,
    groups: Mapping[TableName, frozenset[TableName]],
    named: Mapping[TableName, TableInfo],
) -> tuple[tuple[tuple[TableInfo, ...], ...], ...]:
    def group(name: TableName) -> frozenset[TableName]:
        return groups.get(name, frozenset((name,)))

    before: dict[frozenset[TableName], set[frozenset[TableName]]] = {}
    for name, references in graph.items():
        before.setdefault(group(name), set()).update(
            group(other) for other in references if group(other) != group(name)
        )
    sorter = TopologicalSorter(before)
    sorter.prepare()
    levels = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready(), key=sorted)
        levels.append(tuple(tuple(named[name] for name in sorted(each)) for each in ready))
        sorter.done(*ready)
    return tuple(levels)
