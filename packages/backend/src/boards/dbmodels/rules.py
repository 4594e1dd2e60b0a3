"""The rules that every model keeps; a class that breaks one is refused when it is declared.

The rules read the table's declaration and the class's `app_privileges`; no database is involved.
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

from alembic_deploy.errors import DeployError
from boards.dbmodels.ddl import READ_WRITE, Privilege, tenant_key
from boards.sql import MAX_NAME_BYTES

_TENANTS = "tenants"
_DOCUMENTATION = 'see "Add a table" in docs/howto/change-the-schema.md'


@dataclass(frozen=True, slots=True)
class Fault:
    """A missing part of a model, and what to write."""

    missing: str
    remedy: str


class IncompleteModelError(DeployError):
    """A model that lacks something that every table of a tenant has."""


def refuse_incomplete_model(
    model: type, table: Table, app_privileges: tuple[Privilege, ...]
) -> None:
    """Refuse a model that breaks a rule; its table leaves the metadata.

    :raises IncompleteModelError: The error names the class with its file and line, everything that
        it lacks, and what to write.
    """
    if found := tuple(faults(table, app_privileges)):
        table.metadata.remove(table)
        where = f"{_file_and_line(model)}class {model.__name__}"
        raise _incomplete([f"{where} has {fault.missing}: {fault.remedy}" for fault in found])


def refuse_unimported_modules(package: ModuleType) -> None:
    """Refuse a package with a module that nothing has imported: no revision would have its tables.

    :raises IncompleteModelError: The error names each module's file, and what to write.
    """
    names = (one.name for one in pkgutil.iter_modules(package.__path__, f"{package.__name__}."))
    files = (
        Path(package.__path__[0], f"{name.rpartition('.')[2]}.py")
        for name in names
        if name not in sys.modules
    )
    lines = [
        f"{file}: no module of {package.__name__} imports it: import its classes in __init__.py"
        for file in files
    ]
    if lines:
        raise _incomplete(lines)


def faults(table: Table, app_privileges: tuple[Privilege, ...]) -> Iterator[Fault]:
    """Yield everything that the table lacks; nothing for a complete one."""
    if tenant_key(table) not in table.columns:
        yield Fault(
            f"no column {tenant_key(table)}",
            "inherit from TenantScoped, or from TenantLink for a link table",
        )
        return
    yield from check_privileges(table, app_privileges)
    for rule in RULES:
        yield from rule(table)


def check_privileges(table: Table, app_privileges: tuple[Privilege, ...]) -> Iterator[Fault]:
    """Yield a fault for a table without privileges, or with UPDATE and without updated_at."""
    if not app_privileges:
        yield Fault(
            "no privileges for the application",
            "write app_privileges=READ_WRITE (or READ, APPEND, LINK_TABLE) behind its base classes",
        )
    elif not set(READ_WRITE).issuperset(app_privileges):
        yield Fault(
            f"app_privileges {app_privileges!r}, which are not among {', '.join(READ_WRITE)}",
            "write READ, APPEND, LINK_TABLE or READ_WRITE",
        )
    if "UPDATE" in app_privileges and "updated_at" not in table.columns:
        yield Fault(
            "no updated_at, though the application may change rows", "inherit from Timestamps"
        )


def check_tenant_key(table: Table) -> Iterator[Fault]:
    """Yield a fault unless the tenant is the first column of the table and of each of its keys."""
    key = tenant_key(table)
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
    if not any(_deletes_with_the_tenant(constraint) for constraint in _foreign_keys(table)):
        yield Fault(
            "no foreign key from tenant_id to tenants that deletes its rows with the tenant",
            "inherit tenant_id from TenantScoped or TenantLink",
        )


def check_created_at(table: Table) -> Iterator[Fault]:
    """Yield a fault unless the table has created_at, and it is NOT NULL."""
    if "created_at" not in table.columns or table.columns["created_at"].nullable:
        yield Fault("no created_at that is NOT NULL", "inherit from CreatedAt or Timestamps")


def check_foreign_keys(table: Table) -> Iterator[Fault]:
    """Yield a fault for each foreign key across tenants, and for SET NULL and ON UPDATE actions."""
    for constraint in _foreign_keys(table):
        if (
            constraint.column_keys[0] != tenant_key(table)
            or constraint.elements[0].target_fullname.rpartition(".")[2] not in ("tenant_id", "id")
            or constraint.ondelete not in (None, "CASCADE")
            or constraint.onupdate is not None
        ):
            columns = ", ".join(constraint.column_keys)
            target = _referred_table(constraint)
            yield Fault(
                f"a foreign key ({columns}) to {target} that leaves the tenant or sets NULL",
                f'write tenant_foreign_key("{constraint.column_keys[-1]}", "{target}")',
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
                f" {_referred_table(constraint)}",
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


def check_hidden_values(table: Table) -> Iterator[Fault]:
    """Yield a fault for each index by which EXPLAIN ANALYZE finds values of other tenants.

    A leakproof condition, such as the equality of most types, is evaluated on an index before the
    policy; then EXPLAIN ANALYZE says how many rows the policy removed.

    Source: rules-privileges (leakproof), ddl-rowsecurity.
    """
    key = tenant_key(table)
    reported = () if table.name == _TENANTS else [name for name, _ in _unique_keys(table)]
    for name, columns in _indexes(table):
        if name not in reported and columns[0] in table.columns and columns[0] != key:
            yield Fault(
                f"an index {name} by which a query plan tells of other tenants' rows",
                f"let it begin with {key}, or with a function that is not leakproof, as lower()",
            )


def check_comments(table: Table) -> Iterator[Fault]:
    """Yield a fault for a table or a column without a comment."""
    if not table.comment:
        yield Fault("no comment", 'add {"comment": "…"} to __table_args__')
    for column in table.columns:
        if not column.comment:
            yield Fault(
                f"no comment on {column.name}", f'write {column.name} = mapped_column(comment="…")'
            )


def check_types(table: Table) -> Iterator[Fault]:
    """Yield a fault for a column type that the house rules replace by another one."""
    for column in table.columns:
        if (remedy := _better_type(column)) is not None:
            yield Fault(f"{column.name} of the type {column.type!r}", remedy)


def check_names(table: Table) -> Iterator[Fault]:
    """Yield a fault for a name that does not follow the convention, or that is too long."""
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
    check_created_at,
    check_foreign_keys,
    check_foreign_key_indexes,
    check_redundant_indexes,
    check_hidden_values,
    check_comments,
    check_types,
    check_names,
)


def _incomplete(lines: list[str]) -> IncompleteModelError:
    return IncompleteModelError("\n  ".join(("incomplete models:", *lines)), todo=_DOCUMENTATION)


def _file_and_line(model: type) -> str:
    """Return `file:line: ` of the class; empty where its source is not available."""
    try:
        return f"{inspect.getsourcefile(model)}:{inspect.getsourcelines(model)[1]}: "
    except (OSError, TypeError):
        return ""


def _referred_table(constraint: ForeignKeyConstraint) -> str:
    """Return the referred table's name, also of one that is not imported yet."""
    return constraint.elements[0].target_fullname.rpartition(".")[0]


def _foreign_keys(table: Table) -> list[ForeignKeyConstraint]:
    return sorted(table.foreign_key_constraints, key=lambda constraint: str(constraint.name))


def _deletes_with_the_tenant(constraint: ForeignKeyConstraint) -> bool:
    return (
        constraint.column_keys == ["tenant_id"]
        and _referred_table(constraint) == _TENANTS
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
            return (
                "use text and allowed_values(): a CHECK can be changed without rewriting the table"
            )
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
                yield name, f"fk_{table.name}_{columns}_{_referred_table(constraint)}"
            case CheckConstraint():
                yield name, f"ck_{table.name}_[a-z0-9_]+"
    for index in table.indexes:
        parts = "_".join(getattr(part, "name", "[a-z0-9_]+") for part in index.expressions)
        yield str(index.name), f"ix_{table.name}_{parts}"
