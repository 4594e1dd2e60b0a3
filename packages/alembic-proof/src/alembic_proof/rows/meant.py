"""Readings in which JSON and numbers stand for what they mean and not for how they are written."""

from __future__ import annotations

from dataclasses import replace

from alembic_proof.rows.digest import Digests, RowDigest, TableDigest
from alembic_proof.rows.shape import TableName

_Place = tuple[TableName, str]


def meant(*readings: Digests) -> tuple[Digests, ...]:
    """These readings with the meanings of those columns whose meaning is known in each of them."""
    tables = [table for reading in readings for table in reading.tables]
    known = {(table.table, name) for table in tables for name in table.respellable}
    if not known:
        return readings
    known -= {
        (table.table, name)
        for table in tables
        for name in table.columns
        if name not in table.respellable
    }
    return tuple(
        replace(reading, tables=tuple(_table(table, known) for table in reading.tables))
        for reading in readings
    )


def _table(table: TableDigest, known: set[_Place]) -> TableDigest:
    """The table whose values are meanings; these columns are respellable no longer."""
    names = [name for name in table.respellable if (table.table, name) in known]
    if not names:
        return table
    places = [(table.columns.index(name), table.respellable.index(name)) for name in names]
    rest = [place for place, name in enumerate(table.respellable) if name not in names]
    return replace(
        table,
        rows=tuple(_row(row, places, rest) for row in table.rows),
        respellable=tuple(table.respellable[place] for place in rest),
    )


def _row(row: RowDigest, places: list[tuple[int, int]], rest: list[int]) -> RowDigest:
    hashes = [*row.hashes]
    for column, place in places:
        hashes[column] = row.meanings[place]
    return replace(row, hashes=tuple(hashes), meanings=tuple(row.meanings[place] for place in rest))
