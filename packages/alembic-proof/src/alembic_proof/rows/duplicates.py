"""Insert rows that are equal in a unique key, where the schema without that key permits them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa

from alembic_deploy.statements import called_functions, identifiers
from alembic_proof.rows.fill import fill
from alembic_proof.rows.savepoint_batch import (
    lift_force_rls_sql,
    restore_force_rls,
    run_statements,
)
from alembic_proof.rows.schema import (
    Check,
    RowValues,
    TableInfo,
    TableName,
    TypeKind,
    UniqueKey,
    UserTables,
)
from alembic_proof.sql import quote_identifier, quote_identifiers, quote_literal

_RANGES = (TypeKind.RANGE, TypeKind.MULTIRANGE)
_GENERATORS = {
    "gen_random_uuid", "uuidv4", "uuidv7", "uuid_generate_v1", "uuid_generate_v1mc",
    "uuid_generate_v4", "random", "gen_random_bytes",
}  # fmt: skip
"""Functions that give a different value each time; the clock need not.

Source: functions-uuid; functions-math, "Random Functions"; uuid-ossp; pgcrypto.
"""
_CASE_FOLDING = {"lower", "upper"}


@dataclass(frozen=True, slots=True)
class TableKey:
    """A unique key of a table."""

    table: TableName
    key: UniqueKey


def new_keys(before: UserTables, after: UserTables) -> tuple[TableKey, ...]:
    """Return the keys of known tables that forbid rows which the schema before permits.

    Only definitions are compared. Keys on new columns are among them: their values may come from
    older columns.
    """
    if before is after:
        return ()
    return tuple(
        TableKey(table.name, key)
        for table in after
        if (old := before.find(table.name)) is not None and old.name == table.name
        if old.keys != table.keys
        for key in table.keys
        if not any(_implies(known, key, old) for known in old.keys)
    )


def dropped_keys(before: UserTables, after: UserTables) -> tuple[TableKey, ...]:
    """Return the keys without which the schema permits rows that it forbade before.

    Left out are keys whose removal does not make duplicates likely: a primary key that another one
    replaces, a key on generated values, and a key that became wider with partitioning.
    """
    return tuple(
        dropped
        for dropped in new_keys(after, before)
        if (now := after.find(dropped.table)) and not _is_replaced(dropped, now, before)
    )


def _is_replaced(dropped: TableKey, now: TableInfo, before: UserTables) -> bool:
    key, old = dropped.key, before.find(dropped.table)
    has_other_primary_key = bool(now.primary_key) and not {*now.primary_key} & {*key.columns}
    is_newly_partitioned = now.is_partitioned and old is not None and not old.is_partitioned
    return (
        (key.is_primary and has_other_primary_key)
        or is_newly_partitioned
        or any(_has_generated_values(key, name, now) for name in key.columns)
    )


def _has_generated_values(key: UniqueKey, name: str, table: TableInfo) -> bool:
    """Return whether a sequence or random values make the column differ in each row.

    A UUID that was the whole primary key is taken for a random one that the application makes.
    """
    column = table.column(name)
    if column is None:
        return False
    is_whole_key = key.is_primary and key.columns == (name,)
    is_uuid = is_whole_key and name in table.primary_key and column.type.base.name == "uuid"
    return (
        column.has_sequence
        or is_uuid
        or not _GENERATORS.isdisjoint(called_functions(column.default or ""))
    )


def _implies(old: UniqueKey, new: UniqueKey, table: TableInfo) -> bool:
    """Return whether rows that are equal in the new key are equal in the old one as well."""
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


def keeps_all_constraints(now: TableInfo, old: TableInfo) -> bool:
    """Return whether all keys, foreign keys and CHECKs of the old table are there, by any name."""
    keys = {replace(key, name="") for key in now.keys}
    foreign_keys = {replace(key, name="") for key in now.foreign_keys}
    checks = {check.expression for check in now.checks}
    return (
        all(replace(key, name="") in keys for key in old.keys)
        and all(replace(key, name="") in foreign_keys for key in old.foreign_keys)
        and all(check.expression in checks for check in old.checks)
    )


def _key_columns(key: UniqueKey, table: TableInfo) -> frozenset[str]:
    """Return the columns in which rows that violate the key are equal."""
    names = frozenset(column.name for column in table.columns)
    return frozenset(key.columns) & names | _columns_in(key.expressions, table)


def _columns_in(expression: str, table: TableInfo) -> frozenset[str]:
    """Return the columns whose names occur in the expression."""
    names = {*identifiers(expression)}
    return frozenset(column.name for column in table.columns if column.name in names)


RowLocation = tuple[str, str]
"""tableoid and ctid: the table or partition that stores the row, and the place in it."""
LOCATION_COLUMNS = "tableoid::pg_catalog.text, ctid::pg_catalog.text"
"""The select list that returns a row's location."""


def is_at_sql(locations: Iterable[RowLocation]) -> str:
    """Return the condition that a row is at one of these locations, at least one."""
    listed = ", ".join(f"({quote_literal(oid)}, {quote_literal(ctid)})" for oid, ctid in locations)
    return f"({LOCATION_COLUMNS}) IN ({listed})"


@dataclass(frozen=True, slots=True)
class DuplicateRows:
    """Rows of one table that were inserted because they equal others in a key."""

    table: TableName
    locations: tuple[RowLocation, ...]


def insert_duplicates(
    connection: sa.Connection, user_tables: UserTables, keys: Iterable[TableKey]
) -> tuple[DuplicateRows, ...]:
    """Insert for each key a row that equals another one in it, and return the inserted rows.

    Empty tables stay empty, and where another constraint forbids such a row, none is inserted.

    :param user_tables: The tables as they are, without the keys.

    Locks: those of `fill`.
    """
    wanted = [(table, one.key) for one in keys if (table := user_tables.find(one.table))]
    tables = tuple(dict.fromkeys(table for table, _ in wanted))
    before = _locations(connection, tables)
    for table, key in wanted:
        if before[table.name]:
            _insert_duplicate(connection, user_tables, table, key)
    after = _locations(connection, tables)
    return tuple(
        DuplicateRows(name, tuple(sorted(locations - before[name])))
        for name, locations in after.items()
        if locations - before[name]
    )


def delete_duplicates(
    connection: sa.Connection, user_tables: UserTables, duplicates: Sequence[DuplicateRows]
) -> bool:
    """Delete these rows; return False if some are not where they were inserted.

    Locks: ROW EXCLUSIVE on their tables.
    """
    tables = [table for each in duplicates if (table := user_tables.find(each.table)) is not None]
    last_first = duplicates[::-1]
    outcomes = run_statements(
        connection,
        [_delete_sql(each) for each in last_first],
        before=lift_force_rls_sql(tables),
    )
    restore_force_rls(connection, tables)
    return [one.value for one in outcomes] == [len(each.locations) for each in last_first]


def _insert_duplicate(
    connection: sa.Connection, user_tables: UserTables, table: TableInfo, key: UniqueKey
) -> None:
    for row in _rows_to_duplicate(connection, user_tables, table, key):
        for values in duplicate_candidates(table, key, row):
            preset = {table.name: (values,)}
            report = fill(connection, user_tables, tables=(table.name,), rows=1, preset=preset)
            if any(one.table == table.name for one in report.filled):
                return


def _rows_to_duplicate(
    connection: sa.Connection, user_tables: UserTables, table: TableInfo, key: UniqueKey
) -> list[RowValues]:
    """Return rows that the key applies to; with NULLS NOT DISTINCT also one with NULL.

    Where no row satisfies the predicate of a partial key, one that does is inserted.
    """
    not_null = list(_forbidden_if_equal(table, key))
    indexed = [*not_null, f"({key.predicate})"] if key.predicate else not_null
    conditions = [" AND ".join(indexed) or "true", " AND ".join(not_null) or "true"]
    if not_null and not key.is_null_distinct:
        conditions.append(f"NOT ({conditions[1]})")
    found = list(_first_rows(connection, table, conditions))
    if key.predicate and not found[0] and found[1]:
        with_predicate = replace(table, checks=(*table.checks, Check("", key.predicate)))
        tables = user_tables.with_tables(UserTables.of((with_predicate,)))
        fill(connection, tables, tables=(table.name,), rows=1)
        found = list(_first_rows(connection, table, conditions))
    return [row for row in found if row is not None]


def _forbidden_if_equal(table: TableInfo, key: UniqueKey) -> Iterator[str]:
    """Yield conditions on values that the key can forbid: an empty range overlaps nothing."""
    for name in sorted(_key_columns(key, table)):
        column = table.column(name)
        yield f"{quote_identifier(name)} IS NOT NULL"
        if key.is_exclusion and column is not None and column.type.base.kind in _RANGES:
            yield f"NOT pg_catalog.isempty({quote_identifier(name)})"


def _first_rows(
    connection: sa.Connection, table: TableInfo, conditions: Sequence[str]
) -> Iterator[RowValues | None]:
    """Yield the first row under each condition; None where none is found or the query fails."""
    names = [column.name for column in table.columns if not column.is_generated]
    texts = ", ".join(f"{quote_identifier(name)}::pg_catalog.text" for name in names)
    statements = [
        "SELECT pg_catalog.jsonb_agg(r.v) FROM (SELECT"
        f" pg_catalog.to_jsonb(ARRAY[{texts}]::pg_catalog.text[]) AS v FROM {table.name}"
        f" WHERE {condition} ORDER BY {quote_identifiers(table.primary_key) or '1'} LIMIT 1) AS r"
        for condition in conditions
    ]
    before = lift_force_rls_sql([table])
    for outcome in run_statements(connection, statements, before=before, is_kept=False):
        yield dict(zip(names, outcome.value[0], strict=True)) if outcome.value else None


def _locations(
    connection: sa.Connection, tables: Sequence[TableInfo]
) -> dict[TableName, set[RowLocation]]:
    """Return where the tables' rows are stored; nothing for a table that cannot be read."""
    statements = [
        "SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_array("
        f"{LOCATION_COLUMNS})) FROM {table.name}"
        for table in tables
    ]
    before = lift_force_rls_sql(tables)
    outcomes = run_statements(connection, statements, before=before, is_kept=False)
    return {
        table.name: {(oid, ctid) for oid, ctid in outcome.value or ()}
        for table, outcome in zip(tables, outcomes, strict=True)
    }


def _delete_sql(duplicates: DuplicateRows) -> str:
    return (
        f"WITH d AS (DELETE FROM {duplicates.table} WHERE {is_at_sql(duplicates.locations)} RETURNING 1)"
        " SELECT pg_catalog.to_jsonb(pg_catalog.count(*)) FROM d"
    )


def duplicate_candidates(table: TableInfo, key: UniqueKey, row: RowValues) -> Iterator[RowValues]:
    """Yield values of rows that equal this row in the key and differ in the table's own keys.

    Columns that are left out get values of ours. The most likely candidate comes first; there is
    none where the table's keys forbid all such rows.
    """
    equal = _key_columns(key, table)
    yield from _candidates(table, key, row, equal)
    if _CASE_FOLDING.isdisjoint(called_functions(key.expressions)):
        return
    folded = _columns_in(key.expressions, table) - {*key.columns}
    swapped: RowValues = {name: text.swapcase() for name in folded if (text := row.get(name))}
    changed = frozenset(name for name, text in swapped.items() if text != row[name])
    if changed:
        yield from _candidates(table, key, row | swapped, equal - changed, changed=changed)


def _candidates(
    table: TableInfo,
    key: UniqueKey,
    row: RowValues,
    equal: frozenset[str],
    *,
    changed: frozenset[str] = frozenset(),
) -> Iterator[RowValues]:
    """Yield candidates that equal the row in these columns.

    :param changed: Columns in which `row` differs already from the stored one.
    """
    in_predicate = _columns_in(key.predicate, table)
    differing: set[str] = set()
    optional: set[str] = set()
    for own in table.keys:
        columns = _key_columns(own, table) | _columns_in(own.predicate, table)
        has_null = own.is_null_distinct and any(row.get(n, "") is None for n in own.columns)
        if columns & changed or has_null:
            continue
        if not columns - equal:
            return
        optional |= columns - equal
        differing.add(
            min(columns - equal, key=lambda name: _cost(table, name, differing, in_predicate))
        )
    yield {name: text for name, text in row.items() if name not in differing}
    kept = (equal | in_predicate | changed) - differing
    if kept <= row.keys():
        yield {name: row[name] for name in kept}
        nullable = {n for n in optional if (c := table.column(n)) and c.may_be_null}
        if nullable:
            yield {name: row[name] for name in kept - nullable} | dict.fromkeys(sorted(nullable))


def _cost(
    table: TableInfo, name: str, differing: set[str], in_predicate: frozenset[str]
) -> tuple[bool, bool, bool, bool, str]:
    """Return a sort key for the column that is to differ; a sequence's numbers come first."""
    column = table.column(name)
    has_sequence = column is not None and column.has_sequence
    return (
        name not in differing,
        name in in_predicate,
        not has_sequence,
        name in table.referencing_columns,
        name,
    )
