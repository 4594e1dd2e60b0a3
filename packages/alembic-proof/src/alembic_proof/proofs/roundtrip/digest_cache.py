"""The digests of a scratch database's tables, computed again only for tables that may have changed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.engine import Connection

from alembic_proof.catalog import Catalog, CatalogObject, Key
from alembic_proof.history.steps import WalkContext
from alembic_proof.proofs.roundtrip.proof_transaction import proof_transaction
from alembic_proof.rows import Digests, TableName, UserTables, digest
from alembic_proof.rows.table_stats import TableStats, read_table_stats

MOST_ROWS = 2_000
"""The number of rows up to which a table's differences are named and new rows are inserted."""


@dataclass(frozen=True, slots=True)
class _AllStale:
    """Every table has to be digested."""


@dataclass(frozen=True, slots=True)
class _SomeStale:
    """Only tables that were written to, or that a change of the catalog may have changed."""

    counters: TableStats
    """The server's counters of written rows when the digests were read."""
    altered: frozenset[TableName] = frozenset()
    """The tables that a change of the catalog may have changed since then."""


@dataclass(slots=True)
class DigestCache:
    """The digests of the tables at the last reading."""

    is_thorough: bool = False
    """Whether every table is digested each time, whatever the server's counters say."""
    digests: Digests = field(default_factory=Digests)
    _state: _AllStale | _SomeStale = _AllStale()  # frozen

    def invalidate(self, where: AffectedTables, user_tables: UserTables) -> None:
        """Mark the tables that a change of the catalog may have changed, to be digested again."""
        match self._state:
            case _SomeStale() if where.is_any:
                self._state = _AllStale()
            case _SomeStale(counters, altered):
                generated = {
                    table.name
                    for table in user_tables
                    if where.is_function and any(column.is_generated for column in table.columns)
                }
                self._state = _SomeStale(counters, altered | where.tables | where.gone | generated)

    def forget_counts(self) -> None:
        """Have the next reading digest every table: it is made by another session.

        Rows that the session before has written may not be in the counters yet.
        """
        self._state = _AllStale()

    def read(self, context: WalkContext, user_tables: UserTables) -> Digests:
        """Return the tables' digests; only tables that may have changed are read.

        :return: the same value as before where nothing has changed.
        """
        counters = read_table_stats(context.connection)
        stale = self._stale(counters, user_tables)
        if stale is None or stale:
            fresh = _digest(
                context.connection, user_tables, stale, has_timeouts=counters.has_timeouts
            )
            self.digests = _merged(self.digests, fresh, stale, user_tables)
        self._state = _SomeStale(counters)
        return self.digests

    def _stale(self, counters: TableStats, user_tables: UserTables) -> frozenset[TableName] | None:
        """Return the tables whose digests may be wrong, None for all."""
        if self.is_thorough or isinstance(self._state, _AllStale):
            return None
        written = counters.tables_changed_since(self._state.counters)
        if written is None:
            return None
        digested = {table.table for table in self.digests.tables}
        return frozenset(
            name
            for name in written | self._state.altered
            if name in digested or user_tables.find(name) is not None
        )


def _digest(
    connection: Connection,
    user_tables: UserTables,
    tables: frozenset[TableName] | None,
    *,
    has_timeouts: bool,
) -> Digests:
    """Return the digests of these tables, None for all; outside of a transaction where that is possible."""
    is_hindered = has_timeouts or connection.in_transaction()
    if not is_hindered and not any(table.is_rls_forced for table in user_tables):
        driver: Any = connection.dialect.dbapi
        with suppress(driver.Error):
            return digest(connection, user_tables, tables=tables, few_rows=MOST_ROWS, is_alone=True)
    with proof_transaction(connection):
        return digest(connection, user_tables, tables=tables, few_rows=MOST_ROWS)


def _merged(
    known: Digests, fresh: Digests, stale: frozenset[TableName] | None, user_tables: UserTables
) -> Digests:
    """Return the known digests with the stale ones replaced by fresh ones."""
    if stale is None:
        return fresh
    there = {table.name for table in user_tables}
    again = {table.name for name in stale if (table := user_tables.find(name)) is not None}
    kept = there - again
    tables = {table.table: table for table in known.tables if table.table in kept}
    tables |= {table.table: table for table in fresh.tables}
    unread = tuple((name, why) for name, why in known.unread if name in kept)
    return Digests(tuple(tables[name] for name in sorted(tables)), (*unread, *fresh.unread))


_TYPES = frozenset({"collation", "composite type", "domain", "enum", "extension", "range", "type"})
"""The kinds that columns are made of: a change of one may affect every table."""


@dataclass(frozen=True, slots=True)
class AffectedTables:
    """The tables that a change of the catalog affects."""

    tables: frozenset[TableName] = frozenset()
    gone: frozenset[TableName] = frozenset()
    """The tables that were dropped or renamed."""
    is_any: bool = False
    """Whether every table may be affected."""
    is_function: bool = False
    """Whether a function has changed: generated columns may have other values."""


def affected_tables(before: Catalog, after: Catalog) -> AffectedTables:
    """Return the tables that differ between two catalogs, themselves or in an object that belongs to them."""
    changed = [*_only_in(before, after), *_only_in(after, before)]
    tables = {name for catalog, record in changed for name in _tables_of(record, catalog)}
    gone = {
        TableName(record.identity)
        for catalog, record in changed
        if record.kind == "table" and catalog is before and after.find(record.key) is None
    }
    is_any = any(_is_changed_type(record, before, after) for _, record in changed)
    is_function = any(record.kind == "function" for _, record in changed)
    return AffectedTables(frozenset(tables), frozenset(gone), is_any, is_function)


def _only_in(one: Catalog, other: Catalog) -> Iterator[tuple[Catalog, CatalogObject]]:
    """Yield the catalog and its objects that the other catalog lacks or defines differently."""
    known = {record.key: record for record in other.objects}
    for record in one.objects:
        counterpart = known.get(record.key)
        if counterpart is not record and counterpart != record:
            yield one, record


def _is_changed_type(record: CatalogObject, before: Catalog, after: Catalog) -> bool:
    """Return whether the object is a type that is in both catalogs, or belongs to one."""
    return any(
        key.kind in _TYPES and before.find(key) is not None and after.find(key) is not None
        for key in (record.key, *record.parents)
    )


def _tables_of(record: CatalogObject, catalog: Catalog) -> Iterator[TableName]:
    """Yield the object's table; of a partition also the tables above it."""
    waiting: list[Key] = [record.key]
    while waiting:
        key = waiting.pop()
        if key.kind == "table":
            yield TableName(key.identity)
        found = catalog.find(key)
        waiting += found.parents if found is not None else ()
