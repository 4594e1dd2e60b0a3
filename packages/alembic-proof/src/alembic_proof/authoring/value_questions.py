"""Which changes need another value in rows that exist, and which rows those are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import reduce

from alembic_deploy.statements import identifiers, is_identifier, without_parentheses
from alembic_proof.authoring.type_casts import TypeCasts
from alembic_proof.catalog import Catalog, CatalogObject, key
from alembic_proof.rows import TableInfo, TableName, UserTables
from alembic_proof.rows.duplicates import TableKey, new_keys
from alembic_proof.rows.newly_valid import is_narrower, narrowed_checks
from alembic_proof.rows.schema import ColumnInfo, ForeignKeyInfo, TypeInfo, TypeKind, display_name
from alembic_proof.sql import quote_if_needed, quote_literal

_CAST_LITERAL = re.compile(r"(?P<literal>'(?:[^']|'')*')::[^:']+")


class Reason(StrEnum):
    """Why rows that exist need a value."""

    NEW_COLUMN = "new column"
    NOT_NULL = "not null"
    TYPE = "type"
    REMOVED_VALUE = "removed value"
    UNIQUE = "unique"
    CHECK = "check"
    REFERENCE = "reference"

    @property
    def may_have_no_rows(self) -> bool:
        """Whether a person can know that no row needs another value: `--fill users.email=email`."""
        return self in (Reason.NOT_NULL, Reason.UNIQUE, Reason.CHECK, Reason.REFERENCE)


@dataclass(frozen=True, slots=True)
class ValueQuestion:
    """One change that PostgreSQL refuses, or may refuse, over rows that exist."""

    table: TableName
    columns: tuple[str, ...]
    """The raw names of the columns whose values may be changed; usually the first one's are."""
    reason: Reason
    what: str
    """The change in words: `users.nickname is new and NOT NULL`."""
    condition: str = ""
    """The rows that need the value, as SQL; empty for all rows, or where SQL cannot tell."""
    proposal: str = ""
    """An expression that PostgreSQL accepts and that may be right; empty if none is known."""
    subject: str = ""
    """The raw name of the constraint or index that refuses rows; empty for a change of a column."""
    values: tuple[str, ...] = ()
    """The literals that an enum no longer has."""
    is_asked: bool = True
    """Whether rows that need the value are likely; else it may be given, and nobody is asked."""

    @property
    def place(self) -> str:
        """The table and the first column as a person writes them."""
        return f"{display_name(self.table)}.{quote_if_needed(self.columns[0])}"


@dataclass(frozen=True, slots=True)
class Database:
    """A database as the questions see it: what it consists of, and what its rows must satisfy."""

    catalog: Catalog
    tables: UserTables

    def column(self, table: TableName, name: str) -> CatalogObject | None:
        """Return the catalog's record of a column."""
        return self.catalog.find(key("column", f"{table}.{quote_if_needed(name)}"))

    def type_of(self, table: TableName, name: str) -> str:
        """Return the type of a column as `format_type()` writes it."""
        record = self.column(table, name)
        return (record.fact("type") or "") if record is not None else ""


def retyped(before: Database, after: Database) -> frozenset[str]:
    """Return the old and new types of all columns whose type changes."""
    found: set[str] = set()
    for table in after.tables:
        old = before.tables.find(table.name)
        for column in table.columns if old is not None and old.name == table.name else ():
            types = {side.type_of(table.name, column.name) for side in (before, after)}
            found |= types if len(types) > 1 and "" not in types else set()
    return frozenset(found)


def value_questions(
    before: Database, after: Database, *, types: TypeCasts
) -> tuple[ValueQuestion, ...]:
    """Return what must be known about rows that exist before `before` can become `after`.

    Only tables that both databases have are asked about.

    :param types: The types that `retyped` returns.

    Example: `value_questions(history, models, …)` are those of the upgrade,
    `value_questions(models, history, …)` those of the downgrade.
    """
    found: list[ValueQuestion] = []
    for table in after.tables:
        old = before.tables.find(table.name)
        if old is not None and old.name == table.name and old != table:
            found += _of_columns(old, table, before=before, after=after, types=types)
            found += _of_checks(old, table)
            found += _of_references(old, table, before=before)
    for one in new_keys(before.tables, after.tables):
        found += _of_key(one, before)
    return tuple(dict.fromkeys(found))


def _of_columns(
    old_table: TableInfo,
    table: TableInfo,
    *,
    before: Database,
    after: Database,
    types: TypeCasts,
) -> Iterator[ValueQuestion]:
    for column in table.columns:
        record, old = after.column(table.name, column.name), old_table.column(column.name)
        if column.is_generated or record is None or record.origin is not None:
            continue
        if old is None:
            yield from _of_new_column(table, column)
            continue
        if old.may_be_null and not column.may_be_null:
            yield _not_null(table, column)
        old_type, type_ = (side.type_of(table.name, column.name) for side in (before, after))
        if old_type != type_:
            yield from _of_type(table, old, column, types=types, change=(old_type, type_))
        else:
            yield from _of_labels(table, old, column)


def _of_new_column(table: TableInfo, column: ColumnInfo) -> Iterator[ValueQuestion]:
    """Yield the question about a new column that may not be NULL and has no default."""
    if column.may_be_null or column.default is not None or column.has_sequence:
        return
    name = quote_if_needed(column.name)
    yield ValueQuestion(
        table.name,
        (column.name,),
        Reason.NEW_COLUMN,
        f"{display_name(table.name)}.{name} is new and NOT NULL, without a default",
        condition=f"{name} IS NULL",
    )


def _not_null(table: TableInfo, column: ColumnInfo) -> ValueQuestion:
    name = quote_if_needed(column.name)
    return ValueQuestion(
        table.name,
        (column.name,),
        Reason.NOT_NULL,
        f"{display_name(table.name)}.{name} becomes NOT NULL, and rows may hold NULL",
        condition=f"{name} IS NULL",
        proposal=default_literal(column),
    )


def default_literal(column: ColumnInfo) -> str:
    """Return the column's default, a literal without the cast that PostgreSQL shows; empty without one."""
    found = _CAST_LITERAL.fullmatch(column.default or "")
    return found["literal"] if found else column.default or ""


def _of_type(
    table: TableInfo,
    old: ColumnInfo,
    column: ColumnInfo,
    *,
    types: TypeCasts,
    change: tuple[str, str],
) -> Iterator[ValueQuestion]:
    """Yield the question about a type that needs USING, or into which not every value fits."""
    is_automatic = types.is_automatic(*change)
    if is_automatic and types.fits(*change) and not is_narrower(old, column):
        return
    name = quote_if_needed(column.name)
    why = (
        "values may not fit into it" if is_automatic else "PostgreSQL has no automatic cast for it"
    )
    yield ValueQuestion(
        table.name,
        (column.name,),
        Reason.TYPE,
        f"{display_name(table.name)}.{name} changes from {change[0]} to {change[1]}: {why}",
        proposal=explicit_cast(name, *change, types=types),
    )


def explicit_cast(expression: str, before: str, after: str, *, types: TypeCasts) -> str:
    """Return an explicit cast, by way of text where PostgreSQL has no direct one."""
    is_direct = types.is_castable(before, after)
    return f"{expression}::{after}" if is_direct else f"{expression}::text::{after}"


def _of_labels(table: TableInfo, old: ColumnInfo, column: ColumnInfo) -> Iterator[ValueQuestion]:
    """Yield the question about values of an enum that are removed, also from arrays."""
    old_type, type_ = element_type(old), element_type(column)
    if old_type.kind is not TypeKind.ENUM or type_.kind is not TypeKind.ENUM:
        return
    gone = [quote_literal(label) for label in old_type.labels if label not in type_.labels]
    if gone:
        name = quote_if_needed(column.name)
        listed = ", ".join(gone)
        condition = f"{name} IN ({listed})" if len(gone) > 1 else f"{name} = {listed}"
        proposal = default_literal(column)
        if is_array_of_enum(column):
            condition = " OR ".join(f"{label} = ANY ({name})" for label in gone)
            proposal = reduce(lambda array, label: f"array_remove({array}, {label})", gone, name)
        yield ValueQuestion(
            table.name,
            (column.name,),
            Reason.REMOVED_VALUE,
            f"{display_name(table.name)}.{name} may hold {listed}, which its type no longer has",
            condition=condition,
            values=tuple(gone),
            proposal=proposal,
        )


def element_type(column: ColumnInfo) -> TypeInfo:
    """Return the type of an array's elements, or of the column, below all domains."""
    base = column.type.base
    return base.part.base if base.kind is TypeKind.ARRAY and base.part is not None else base


def is_array_of_enum(column: ColumnInfo) -> bool:
    """Return whether the column holds several values of an enum."""
    return column.type.base.kind is TypeKind.ARRAY and element_type(column).kind is TypeKind.ENUM


def _of_checks(old_table: TableInfo, table: TableInfo) -> Iterator[ValueQuestion]:
    """Yield the questions about checks on older columns that rows may violate."""
    known = {check.expression for check in old_table.checks}
    narrowed = narrowed_checks(old_table, table)
    for check in table.checks:
        columns = tuple(name for name in check.columns if old_table.column(name) is not None)
        if check.expression in known or not columns or len(columns) < len(check.columns):
            continue
        expression = without_parentheses(check.expression)
        yield ValueQuestion(
            table.name,
            columns,
            Reason.CHECK,
            f"{display_name(table.name)} gets CHECK ({expression}), which rows may violate",
            condition=f"NOT ({expression})",
            subject=check.name,
            is_asked=check in narrowed,
        )


def _of_references(
    old_table: TableInfo, table: TableInfo, *, before: Database
) -> Iterator[ValueQuestion]:
    """Yield the questions about foreign keys on older columns."""
    known = {(one.columns, one.table, one.referenced) for one in old_table.foreign_keys}
    for one in table.foreign_keys:
        is_old = all(old_table.column(name) is not None for name in one.columns)
        if not is_old or (one.columns, one.table, one.referenced) in known:
            continue
        names = ", ".join(map(quote_if_needed, one.columns))
        column = table.column(one.columns[-1])
        yield ValueQuestion(
            table.name,
            one.columns[::-1],
            Reason.REFERENCE,
            f"{display_name(table.name)} ({names}) references {display_name(one.table)}, where rows may "
            "be missing",
            condition=_dangling(table.name, one, is_empty=before.tables.find(one.table) is None),
            proposal="NULL" if column is not None and column.may_be_null else "",
            subject=one.name,
        )


def _dangling(table: TableName, reference: ForeignKeyInfo, *, is_empty: bool) -> str:
    """Return the condition of rows that reference nothing; all of them if the table is new."""
    not_null = [f"{quote_if_needed(name)} IS NOT NULL" for name in reference.columns]
    equal = " AND ".join(
        f"referenced.{quote_if_needed(other)} = {table}.{quote_if_needed(name)}"
        for name, other in reference.pairs
    )
    missing = f"NOT EXISTS (\n        SELECT FROM {reference.table} AS referenced\n        WHERE {equal}\n    )"
    return "\n    AND ".join(not_null if is_empty else (*not_null, missing))


def _of_key(found: TableKey, before: Database) -> Iterator[ValueQuestion]:
    """Yield the question about a unique key on older columns."""
    old, unique = before.tables.find(found.table), found.key
    if old is None:
        return
    names = (*unique.columns, *identifiers(unique.expressions))
    columns = tuple(dict.fromkeys(name for name in names if old.column(name) is not None))
    if not columns or any(old.column(name) is None for name in unique.columns):
        return
    parts = [*map(quote_if_needed, unique.columns), *_listed(unique.expressions)]
    what = "excludes rows that conflict in" if unique.is_exclusion else "becomes unique in"
    yield ValueQuestion(
        found.table,
        columns[::-1],
        Reason.UNIQUE,
        f"{display_name(found.table)} {what} ({', '.join(parts)}), and rows may be equal there",
        condition="" if unique.is_exclusion else _repeated(old, found, parts),
        subject=unique.name,
    )


def _listed(expressions: str) -> Iterable[str]:
    return (expressions,) if expressions else ()


def _repeated(table: TableInfo, found: TableKey, parts: list[str]) -> str:
    """Return the condition of rows that repeat an earlier one in the key, by the primary key."""
    names = ", ".join(map(quote_if_needed, table.primary_key)) or "ctid"
    rows = f"({names})" if len(table.primary_key) > 1 else names
    listed = ", ".join(parts)
    is_one = len(parts) == 1 and is_identifier(listed)
    wanted = [found.key.predicate] if found.key.predicate else []
    if found.key.is_null_distinct:
        wanted.insert(0, f"{listed if is_one else f'({listed})'} IS NOT NULL")
    where = f"\n        WHERE {' AND '.join(wanted)}" if wanted else ""
    return f"""{rows} IN (
    SELECT {names}
    FROM (
        SELECT {names}, row_number() OVER (PARTITION BY {listed} ORDER BY {names}) AS number
        FROM {table.name}{where}
    ) AS repeated
    WHERE number > 1
)"""
