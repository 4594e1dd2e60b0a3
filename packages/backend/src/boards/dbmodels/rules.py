"""What every table of a tenant has; checked once, when `boards.dbmodels` is imported.

A rule looks at what is declared, never at SQL: `ddl` records it.
"""

from __future__ import annotations

import inspect
import pkgutil
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Column,
    DateTime,
    Enum,
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
    String,
    Table,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB

from alembic_proof.errors import ProofError
from boards.dbmodels.base import Base
from boards.dbmodels.ddl import declared

MAX_NAME_BYTES = 63
"""Source: https://www.postgresql.org/docs/current/limits.html (identifier length)"""
_TENANTS = "tenants"
_DOCUMENTATION = 'see "Adding a table" in docs/models.md'


@dataclass(frozen=True, slots=True)
class Fault:
    """What a model lacks, and what to write; `{model}` stands for the name of its class."""

    missing: str
    remedy: str


class IncompleteModelError(ProofError):
    """Models that lack what every table of a tenant has."""


def check_models(base: type[Base]) -> None:
    """Refuse models that lack what every table of a tenant has.

    :raises IncompleteModelError: Names each class with its file and line, everything that it lacks,
        and what to write.
    """
    models = {mapper.local_table: mapper.class_ for mapper in base.registry.mappers}
    lines = [
        _sentence(table, models.get(table), fault)
        for table in base.metadata.sorted_tables
        for fault in faults(table)
    ]
    if lines:
        raise IncompleteModelError("\n  ".join(("incomplete models:", *lines)), todo=_DOCUMENTATION)


def check_modules(package: ModuleType) -> None:
    """Refuse a package with a module that nothing has imported: no database has its tables.

    :raises IncompleteModelError: Names each module's file, and what to write.
    """
    names = (one.name for one in pkgutil.iter_modules(package.__path__, f"{package.__name__}."))
    places = (
        Path(package.__path__[0], f"{name.rpartition('.')[2]}.py")
        for name in names
        if name not in sys.modules
    )
    lines = [
        f"{place}: no module of {package.__name__} imports it: import its classes in __init__.py"
        for place in places
    ]
    if lines:
        raise IncompleteModelError("\n  ".join(("incomplete models:", *lines)), todo=_DOCUMENTATION)


def faults(table: Table) -> Iterator[Fault]:
    """Yield all that the table lacks; nothing for a complete one."""
    if _tenant_key(table) not in table.columns:
        yield Fault(
            f"no column {_tenant_key(table)}",
            "inherit from Identified, or from TenantOwned for a join table",
        )
        return
    for rule in RULES:
        yield from rule(table)


def check_tenant_key(table: Table) -> Iterator[Fault]:
    """Yield a fault unless the tenant is the first column of the table and of each of its keys."""
    key = _tenant_key(table)
    remedy = f"let it begin with {key}"
    if next(iter(table.columns)).name != key:
        first = next(iter(table.columns)).name
        yield Fault(
            f"{first} as its first column, not {key}", f"give {first} no sort_order below 0"
        )
    if next(iter(table.primary_key.columns), None) is not table.columns[key]:
        yield Fault(f"a primary key that does not begin with {key}", remedy)
    if table.name == _TENANTS:
        return
    for name, columns in _unique_keys(table):
        if columns[0] != key:
            yield Fault(f"a unique key {name} that does not begin with {key}", remedy)
    if not any(_is_cascade_of_the_tenant(constraint) for constraint in _foreign_keys(table)):
        yield Fault(
            "no foreign key from tenant_id to tenants that deletes its rows with the tenant",
            "inherit tenant_id from TenantOwned",
        )


def check_policy(table: Table) -> Iterator[Fault]:
    """Yield a fault for a table without row-level security and its policy."""
    compared = declared(table).tenant_key
    if compared is None:
        yield Fault("no policy", "write isolate_tenants({model}) below the class")
    elif compared != _tenant_key(table):
        yield Fault(
            f"a policy that compares {compared}",
            f'write isolate_tenants({{model}}, key="{_tenant_key(table)}")',
        )


def check_privileges(table: Table) -> Iterator[Fault]:
    """Yield a fault for a table that the application's role can do nothing with."""
    if not declared(table).app_privileges:
        yield Fault(
            "no privileges for the application",
            "write grant_to_app({model}, WRITE) below the class (or READ, APPEND, JOIN)",
        )


def check_times(table: Table) -> Iterator[Fault]:
    """Yield a fault unless created_at is there, and updated_at with its trigger where rows change."""
    if "created_at" not in table.columns or table.columns["created_at"].nullable:
        yield Fault("no created_at that is NOT NULL", "inherit from Created or Updated")
    has_time, has_trigger = "updated_at" in table.columns, declared(table).keeps_updated_at
    if not has_time and "UPDATE" in declared(table).app_privileges:
        yield Fault("no updated_at, though the application may change rows", "inherit from Updated")
    if has_time and not has_trigger:
        yield Fault(
            "no trigger that sets updated_at", "write keep_updated_at({model}) below the class"
        )
    if has_trigger and not has_time:
        yield Fault(
            "no updated_at for its trigger", "inherit from Updated, or leave the trigger out"
        )


def check_foreign_keys(table: Table) -> Iterator[Fault]:
    """Yield a fault for each foreign key across tenants, or with an action that reaches further."""
    for constraint in _foreign_keys(table):
        if (
            constraint.column_keys[0] != _tenant_key(table)
            or constraint.elements[0].column.name not in ("tenant_id", "id")
            or constraint.ondelete not in (None, "CASCADE")
            or constraint.onupdate is not None
        ):
            columns = ", ".join(constraint.column_keys)
            target = constraint.referred_table.name
            yield Fault(
                f"a foreign key ({columns}) to {target} that leaves the tenant or sets NULL",
                f'write refers("{constraint.column_keys[-1]}", "{target}")',
            )


def check_foreign_key_indexes(table: Table) -> Iterator[Fault]:
    """Yield a fault for each foreign key whose columns no index begins with."""
    indexed = [columns for _, columns in _indexes(table)]
    for constraint in _foreign_keys(table):
        keys = tuple(constraint.column_keys)
        if not any(columns[: len(keys)] == keys for columns in indexed):
            quoted = ", ".join(f'"{name}"' for name in keys)
            yield Fault(
                f"no index for its foreign key ({', '.join(keys)}) to"
                f" {constraint.referred_table.name}",
                f"add Index(None, {quoted}) to __table_args__",
            )


def check_redundant_indexes(table: Table) -> Iterator[Fault]:
    """Yield a fault for each index that is the beginning of another one."""
    indexes = _indexes(table)
    for position, (name, columns) in enumerate(indexes):
        if name.startswith(("pk_", "uq_")):
            continue
        for other, (longer_name, longer) in enumerate(indexes):
            is_longer = len(longer) > len(columns) or position > other
            if position != other and longer[: len(columns)] == columns and is_longer:
                yield Fault(f"an index {name} that {longer_name} makes redundant", f"drop {name}")
                break


def check_comments(table: Table) -> Iterator[Fault]:
    """Yield a fault for a table or a column that does not say what it means."""
    if not table.comment:
        yield Fault("no comment", 'add {{"comment": "…"}} to __table_args__')
    for column in table.columns:
        if not column.comment:
            yield Fault(
                f"no comment on {column.name}", f'write {column.name} = mapped_column(comment="…")'
            )


def check_types(table: Table) -> Iterator[Fault]:
    """Yield a fault for a type that another one of PostgreSQL's serves better."""
    for column in table.columns:
        if (remedy := _better_type(column)) is not None:
            yield Fault(f"{column.name} of the type {column.type!r}", remedy)


def check_names(table: Table) -> Iterator[Fault]:
    """Yield a fault for a constraint or index with a name of its own, or a longer one than fits."""
    for name, pattern in _named(table):
        if not re.fullmatch(pattern, name):
            yield Fault(
                f"a constraint or index {name}", f"name it {pattern}, or leave the name out"
            )
        elif len(name.encode()) > MAX_NAME_BYTES:
            yield Fault(
                f"a name of more than {MAX_NAME_BYTES} bytes: {name}", "give it a shorter one"
            )


RULES: tuple[Callable[[Table], Iterator[Fault]], ...] = (
    check_tenant_key,
    check_policy,
    check_privileges,
    check_times,
    check_foreign_keys,
    check_foreign_key_indexes,
    check_redundant_indexes,
    check_comments,
    check_types,
    check_names,
)


def _sentence(table: Table, model: type[Base] | None, fault: Fault) -> str:
    name = model.__name__ if model is not None else table.name
    subject = f"class {name}" if model is not None else f"table {name}"
    remedy = fault.remedy.format(model=name)
    return f"{_place(model)}{subject} has {fault.missing}: {remedy}"


def _place(model: type[Base] | None) -> str:
    """Return `file:line: ` of the class; empty where its source is not there."""
    if model is None:
        return ""
    try:
        return f"{inspect.getsourcefile(model)}:{inspect.getsourcelines(model)[1]}: "
    except (OSError, TypeError):
        return ""


def _tenant_key(table: Table) -> str:
    return "id" if table.name == _TENANTS else "tenant_id"


def _foreign_keys(table: Table) -> list[ForeignKeyConstraint]:
    return sorted(table.foreign_key_constraints, key=lambda constraint: str(constraint.name))


def _is_cascade_of_the_tenant(constraint: ForeignKeyConstraint) -> bool:
    return (
        constraint.column_keys == ["tenant_id"]
        and constraint.referred_table.name == _TENANTS
        and constraint.ondelete == "CASCADE"
    )


def _unique_keys(table: Table) -> list[tuple[str, tuple[str, ...]]]:
    """Return (name, columns) of each unique constraint and index, the primary key included."""
    constraints = [
        (str(constraint.name), tuple(constraint.columns.keys()))
        for constraint in table.constraints
        if isinstance(constraint, PrimaryKeyConstraint | UniqueConstraint)
    ]
    unique = [(str(index.name), _parts(index)) for index in table.indexes if index.unique]
    return sorted(constraints + unique)


def _indexes(table: Table) -> list[tuple[str, tuple[str, ...]]]:
    """Return (name, columns or expressions) of each index, those behind constraints included."""
    others = [(str(index.name), _parts(index)) for index in table.indexes if not index.unique]
    return [*_unique_keys(table), *sorted(others)]


def _parts(index: Index) -> tuple[str, ...]:
    return tuple(getattr(part, "name", str(part)) for part in index.expressions)


def _better_type(column: Column[object]) -> str | None:
    match column.type:
        case Enum():
            return "use text and one_of(): a CHECK can be changed without rewriting the table"
        case String(length=int()):
            return "use text and length(): a CHECK can be changed without rewriting the table"
        case DateTime(timezone=False):
            return "use DateTime(timezone=True)"
        case JSON() if not isinstance(column.type, JSONB):
            return "use JSONB"
    if column.name.endswith("_at") and not isinstance(column.type, DateTime):
        return "use DateTime(timezone=True): the name says that it is a time"
    return None


def _named(table: Table) -> Iterator[tuple[str, str]]:
    """Yield (name, pattern of the convention) of each constraint and index."""
    for constraint in table.constraints:
        name = str(constraint.name)
        match constraint:
            case PrimaryKeyConstraint():
                yield name, f"pk_{table.name}"
            case UniqueConstraint():
                yield name, f"uq_{table.name}_{'_'.join(constraint.columns.keys())}"
            case ForeignKeyConstraint():
                columns = "_".join(constraint.column_keys)
                yield name, f"fk_{table.name}_{columns}_{constraint.referred_table.name}"
            case CheckConstraint():
                yield name, f"ck_{table.name}_[a-z0-9_]+"
    for index in table.indexes:
        parts = "_".join(getattr(part, "name", "[a-z0-9_]+") for part in index.expressions)
        yield str(index.name), f"ix_{table.name}_{parts}"
