"""What every table of Boards must have; a rule says what is wrong with one table, or nothing."""

from __future__ import annotations

import re
from collections.abc import Callable

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
)

from alembic_proof.catalog import Catalog, CatalogObject, key

Rule = Callable[[Table, Catalog], str]

POLICY = (
    "({} = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid"
    ' AS "nullif"))'
)
WRITE = "DELETE, INSERT, SELECT, UPDATE"
GRANTS = {"tenants": "SELECT", "credit_transactions": "INSERT, SELECT"}
KINDS_OF_GRANTS = ("SELECT", "INSERT, SELECT", "DELETE, INSERT, SELECT", WRITE)
MAX_NAME_BYTES = 63


def tenant_key(table: Table, catalog: Catalog) -> str:
    """The primary key and every other key begin with the tenant, physically the first column."""
    first = _first_column(table)
    if (_record(table, catalog).fact("column order") or "").split(", ")[0] != first:
        return f"{first} is not physically the first column"
    if next(iter(table.primary_key.columns)).name != first:
        return f"the primary key does not begin with {first}"
    loose = [name for name, columns in _unique_keys(table) if columns[0] != first]
    if loose and table.name != "tenants":
        return f"unique without the tenant: {loose}"
    return ""


def tenant_cascade(table: Table, catalog: Catalog) -> str:
    """Deleting a tenant deletes its rows."""
    if table.name == "tenants":
        return ""
    found = [
        constraint.ondelete
        for constraint in table.foreign_key_constraints
        if constraint.column_keys == ["tenant_id"] and constraint.referred_table.name == "tenants"
    ]
    return "" if found == ["CASCADE"] else "tenant_id does not cascade from tenants"


def policy(table: Table, catalog: Catalog) -> str:
    """Row-level security is enabled, not forced, with exactly the isolating policy."""
    condition = POLICY.format(_first_column(table))
    record = catalog.find(key("policy", f"public.{table.name}.{table.name}_isolation"))
    if _record(table, catalog).fact("row security") != "enabled":
        return "row-level security is not enabled"
    if _record(table, catalog).fact("force row security"):
        return "row-level security is forced, so the owner sees no rows either"
    if record is None:
        return f"the policy {table.name}_isolation is missing"
    wanted = {
        "command": "ALL",
        "permissive": "PERMISSIVE",
        "roles": "PUBLIC",
        "using": condition,
        "with check": condition,
    }
    wrong = [fact for fact, value in wanted.items() if record.fact(fact) != value]
    return f"the policy is wrong in {wrong}" if wrong else ""


def grants(table: Table, catalog: Catalog) -> str:
    """The application's role may do what the table is for, and nobody else may do anything."""
    record = _record(table, catalog)
    others = [
        name
        for name, _ in record.facts
        if name.startswith("grant to") and name not in ("grant to (owner)", "grant to boards_app")
    ]
    if others:
        return f"granted to others: {others}"
    granted = record.fact("grant to boards_app")
    if granted not in KINDS_OF_GRANTS or granted != GRANTS.get(table.name, granted):
        return f"boards_app has {granted}"
    return ""


def indexed_foreign_keys(table: Table, catalog: Catalog) -> str:
    """Each foreign key has an index that begins with its columns."""
    bare = [
        str(constraint.name)
        for constraint in table.foreign_key_constraints
        if not any(
            columns[: len(constraint.column_keys)] == tuple(constraint.column_keys)
            for _, columns in _indexes(table)
        )
    ]
    return f"without an index: {sorted(bare)}" if bare else ""


def no_redundant_index(table: Table, catalog: Catalog) -> str:
    """No index is the beginning of another one."""
    indexes = _indexes(table)
    redundant = [
        name
        for position, (name, columns) in enumerate(indexes)
        if not name.startswith(("pk_", "uq_"))
        and any(
            longer[: len(columns)] == columns and (len(longer) > len(columns) or position > other)
            for other, (_, longer) in enumerate(indexes)
            if position != other
        )
    ]
    return f"redundant: {redundant}" if redundant else ""


def same_tenant(table: Table, catalog: Catalog) -> str:
    """A foreign key compares the tenant too, deletes by NO ACTION or CASCADE, never updates."""
    wrong = [
        str(constraint.name)
        for constraint in table.foreign_key_constraints
        if constraint.column_keys[0] != "tenant_id"
        or constraint.elements[0].column.name not in ("tenant_id", "id")
        or constraint.ondelete not in (None, "CASCADE")
        or constraint.onupdate is not None
    ]
    return f"foreign keys across tenants, or with another action: {wrong}" if wrong else ""


def comments(table: Table, catalog: Catalog) -> str:
    """The table and each column say what they mean."""
    silent = [column.name for column in table.columns if not column.comment]
    if not table.comment:
        silent.append("the table itself")
    return f"without a comment: {silent}" if silent else ""


def times(table: Table, catalog: Catalog) -> str:
    """created_at is always there; updated_at where rows can change, kept by a trigger."""
    record = catalog.find(key("column", f"public.{table.name}.created_at"))
    if record is None or record.fact("nullability") != "NOT NULL":
        return "created_at NOT NULL is missing"
    granted = _record(table, catalog).fact("grant to boards_app")
    can_change = granted == WRITE or table.name == "tenants"
    trigger = key("trigger", f"public.{table.name}.{table.name}_set_updated_at")
    if ("updated_at" in table.columns) != can_change:
        return "updated_at is missing" if can_change else "updated_at without rows that can change"
    if (catalog.find(trigger) is not None) != can_change:
        return f"the trigger that keeps updated_at is {'missing' if can_change else 'one too many'}"
    return ""


def types(table: Table, catalog: Catalog) -> str:
    """*_at is timestamptz, *_id and tenant_id uuid, is_* a boolean NOT NULL, the rest text."""
    odd = [
        column.name
        for column in table.columns
        if not _is_house_type(column.name, _column(table, column.name, catalog))
        or (column.name.startswith("is_") and column.nullable)
    ]
    return f"odd types: {odd}" if odd else ""


def names(table: Table, catalog: Catalog) -> str:
    """Every constraint and index is named by the convention, in at most 63 bytes."""
    wrong = [
        name
        for name, pattern in _named(table)
        if not re.fullmatch(pattern, name) or len(name.encode()) > MAX_NAME_BYTES
    ]
    return f"named otherwise than by the convention: {wrong}" if wrong else ""


RULES: tuple[Rule, ...] = (
    tenant_key,
    tenant_cascade,
    policy,
    grants,
    indexed_foreign_keys,
    no_redundant_index,
    same_tenant,
    comments,
    times,
    types,
    names,
)


def _first_column(table: Table) -> str:
    return "id" if table.name == "tenants" else "tenant_id"


def _record(table: Table, catalog: Catalog) -> CatalogObject:
    record = catalog.find(key("table", f"public.{table.name}"))
    assert record is not None, f"{table.name} is not in the database"
    return record


def _column(table: Table, column: str, catalog: Catalog) -> str:
    identities = (f"public.{table.name}.{column}", f'public.{table.name}."{column}"')
    found = [catalog.find(key("column", identity)) for identity in identities]
    return next(record.fact("type") or "" for record in found if record is not None)


def _is_house_type(name: str, type_: str) -> bool:
    match name:
        case _ if name.endswith("_at"):
            return type_ == "timestamp with time zone"
        case "external_job_id":
            return type_ == "text"
        case "id" | "invited_by":
            return type_ == "uuid"
        case _ if name.endswith("_id"):
            return type_ == "uuid"
        case _ if name.startswith("is_"):
            return type_ == "boolean"
        case "position":
            return type_ == "integer"
        case _:
            return type_ in ("text", "jsonb", "numeric(5,2)", "numeric(12,4)")


def _unique_keys(table: Table) -> list[tuple[str, tuple[str, ...]]]:
    return [
        (str(constraint.name), tuple(constraint.columns.keys()))
        for constraint in table.constraints
        if isinstance(constraint, PrimaryKeyConstraint | UniqueConstraint)
    ] + [
        (str(index.name), tuple(column.name for column in index.columns))
        for index in table.indexes
        if index.unique
    ]


def _indexes(table: Table) -> list[tuple[str, tuple[str, ...]]]:
    """(name, columns or expressions) of each index, those behind constraints included."""
    return [
        *_unique_keys(table),
        *(
            (str(index.name), tuple(getattr(part, "name", str(part)) for part in index.expressions))
            for index in sorted(table.indexes, key=lambda index: str(index.name))
            if not index.unique
        ),
    ]


def _named(table: Table) -> list[tuple[str, str]]:
    """(name, what the convention makes of it) of each constraint and index."""
    expected: list[tuple[str, str]] = []
    for constraint in table.constraints:
        name = str(constraint.name)
        match constraint:
            case PrimaryKeyConstraint():
                expected.append((name, f"pk_{table.name}"))
            case UniqueConstraint():
                columns = "_".join(constraint.columns.keys())
                expected.append((name, f"uq_{table.name}_{columns}"))
            case ForeignKeyConstraint():
                columns = "_".join(constraint.column_keys)
                target = constraint.referred_table.name
                expected.append((name, f"fk_{table.name}_{columns}_{target}"))
            case CheckConstraint():
                expected.append((name, rf"ck_{table.name}_[a-z_]+"))
    return expected + [(str(index.name), _index_pattern(index, table)) for index in table.indexes]


def _index_pattern(index: Index, table: Table) -> str:
    columns = "_".join(getattr(part, "name", "[a-z_]+") for part in index.expressions)
    return f"ix_{table.name}_{columns}"
