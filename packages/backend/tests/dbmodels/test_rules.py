"""Models that lack what every table of a tenant has are refused, with what to write."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import (
    CheckConstraint,
    Column,
    Enum,
    ForeignKeyConstraint,
    Index,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from boards import dbmodels
from boards.dbmodels import Base, naming_convention, target_metadata
from boards.dbmodels.base import Identified, Updated, refers
from boards.dbmodels.ddl import declare, declared
from boards.dbmodels.rules import IncompleteModelError, check_models, check_modules, faults

Change = Callable[[Table], object]


def refer(table: Table, column: str, target: str) -> None:
    """Add a foreign key to the table."""
    name = f"fk_{table.name}_{column}_{target.partition('.')[0]}"
    table.append_constraint(ForeignKeyConstraint([column], [target], name=name))


def redeclare(table: Table, **values: Any) -> None:
    """Declare these otherwise of the table."""
    declare(table, replace(declared(table), **values))


def key_of(table: Table, *columns: str) -> ForeignKeyConstraint:
    """Return the table's foreign key of exactly these columns."""
    (found,) = (
        constraint
        for constraint in table.foreign_key_constraints
        if constraint.column_keys == list(columns)
    )
    return found


FAULTS: dict[str, tuple[str, Change, str]] = {
    "unique constraint": (
        "tags",
        lambda table: table.append_constraint(UniqueConstraint("name", name="uq_tags_name")),
        "a unique key uq_tags_name that does not begin with tenant_id",
    ),
    "unique index": (
        "tags",
        lambda table: Index("ix_tags_slug", table.c.slug, unique=True),
        "a unique key ix_tags_slug that does not begin with tenant_id",
    ),
    "no cascade": (
        "tags",
        lambda table: setattr(key_of(table, "tenant_id"), "ondelete", None),
        "no foreign key from tenant_id to tenants that deletes its rows with the tenant",
    ),
    "no policy": ("tags", lambda table: redeclare(table, tenant_key=None), "no policy"),
    "policy of another column": (
        "tags",
        lambda table: redeclare(table, tenant_key="id"),
        "a policy that compares id",
    ),
    "no privileges": (
        "tags",
        lambda table: redeclare(table, app_privileges=()),
        "no privileges for the application",
    ),
    "no trigger": (
        "tags",
        lambda table: redeclare(table, keeps_updated_at=False),
        "no trigger that sets updated_at",
    ),
    "trigger without updated_at": (
        "generation_tags",
        lambda table: redeclare(table, keeps_updated_at=True),
        "no updated_at for its trigger",
    ),
    "rows change without updated_at": (
        "generation_tags",
        lambda table: redeclare(table, app_privileges=("SELECT", "UPDATE")),
        "no updated_at, though the application may change rows",
    ),
    "created_at may be NULL": (
        "tags",
        lambda table: setattr(table.c.created_at, "nullable", True),
        "no created_at that is NOT NULL",
    ),
    "no index": (
        "boards",
        lambda table: table.indexes.clear(),
        "no index for its foreign key (tenant_id, owner_id) to users",
    ),
    "redundant index": (
        "boards",
        lambda table: Index("ix_boards_tenant_id", table.c.tenant_id),
        "an index ix_boards_tenant_id that pk_boards makes redundant",
    ),
    "index of a unique constraint": (
        "tags",
        lambda table: Index("ix_tags_tenant_id_slug", table.c.tenant_id, table.c.slug),
        "an index ix_tags_tenant_id_slug that uq_tags_tenant_id_slug makes redundant",
    ),
    "foreign key across tenants": (
        "tags",
        lambda table: refer(table, "id", "tenants.id"),
        (
            "a foreign key (id) to tenants that leaves the tenant or sets NULL; "
            "no index for its foreign key (id) to tenants"
        ),
    ),
    "SET NULL": (
        "boards",
        lambda table: setattr(key_of(table, "tenant_id", "owner_id"), "ondelete", "SET NULL"),
        "a foreign key (tenant_id, owner_id) to users that leaves the tenant or sets NULL",
    ),
    "ON UPDATE": (
        "boards",
        lambda table: setattr(key_of(table, "tenant_id", "owner_id"), "onupdate", "CASCADE"),
        "a foreign key (tenant_id, owner_id) to users that leaves the tenant or sets NULL",
    ),
    "no comment on a column": (
        "tags",
        lambda table: setattr(table.c.slug, "comment", None),
        "no comment on slug",
    ),
    "no comment": ("tags", lambda table: setattr(table, "comment", None), "no comment"),
    "varchar": (
        "tags",
        lambda table: setattr(table.c.name, "type", String(100)),
        "name of the type String(length=100)",
    ),
    "enum": (
        "tags",
        lambda table: setattr(table.c.name, "type", Enum("a", name="e")),
        "name of the type Enum('a', name='e')",
    ),
    "a time that is none": (
        "tags",
        lambda table: setattr(table.c.created_at, "type", table.c.name.type),
        "created_at of the type Text()",
    ),
    "primary key's name": (
        "tags",
        lambda table: setattr(table.primary_key, "name", "tags_pkey"),
        "a constraint or index tags_pkey",
    ),
    "check's name": (
        "tags",
        lambda table: table.append_constraint(CheckConstraint("true", name="short")),
        "a constraint or index short",
    ),
    "long name": (
        "tags",
        lambda table: table.append_constraint(CheckConstraint("true", name=f"ck_tags_{'x' * 56}")),
        f"a name of more than 63 bytes: ck_tags_{'x' * 56}",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_one_declaration_breaks_one_rule(name: str) -> None:
    """A copy of a model's table is complete; one declaration less and the rule says what is missing."""
    table, change, missing = FAULTS[name]
    copy = _copies()[table]
    before = "; ".join(fault.missing for fault in faults(copy))

    change(copy)

    assert (before, "; ".join(fault.missing for fault in faults(copy))) == ("", missing)


def test_tenant_that_does_not_come_first_is_found() -> None:
    """The tenant comes first in the table and in its primary key."""
    table = Table(
        "tags",
        MetaData(),
        Column("id", Uuid, primary_key=True),
        Column("tenant_id", Uuid, primary_key=True),
    )

    found = [fault.missing for fault in faults(table)]

    assert found[:2] == [
        "id as its first column, not tenant_id",
        "a primary key that does not begin with tenant_id",
    ]


def test_table_without_a_tenant_is_found() -> None:
    """Where there is no tenant at all, that is what is said, and nothing that follows from it."""
    table = Table("things", MetaData(), Column("id", Uuid, primary_key=True))

    assert [fault.missing for fault in faults(table)] == ["no column tenant_id"]


def test_error_names_the_class_its_line_and_what_to_write() -> None:
    """All that all models lack is one error, a line each, with the call that mends it."""
    with pytest.raises(IncompleteModelError) as caught:
        check_models(_base_with_an_incomplete_model())

    first, *lines = caught.value.what.splitlines()
    assert first == "incomplete models:"
    assert [re.sub(r"^  .*/(\w+\.py):\d+: ", r"\1 ", line) for line in lines] == [
        "test_rules.py class Shelf has no policy: write isolate_tenants(Shelf) below the class",
        (
            "test_rules.py class Shelf has no privileges for the application:"
            " write grant_to_app(Shelf, WRITE) below the class (or READ, APPEND, JOIN)"
        ),
        (
            "test_rules.py class Shelf has no trigger that sets updated_at:"
            " write keep_updated_at(Shelf) below the class"
        ),
        (
            "test_rules.py class Shelf has no index for its foreign key (tenant_id, owner_id) to users:"
            ' add Index(None, "tenant_id", "owner_id") to __table_args__'
        ),
        'test_rules.py class Shelf has no comment: add {"comment": "…"} to __table_args__',
        (
            "test_rules.py class Shelf has no comment on owner_id:"
            ' write owner_id = mapped_column(comment="…")'
        ),
    ]
    assert "docs/models.md" in caught.value.todo


def test_a_module_that_nothing_imports_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its tables would be in no revision; the error names its file."""
    package = ModuleType("shop")
    package.__path__ = [str(tmp_path)]
    for name in ("orders", "bills"):
        (tmp_path / f"{name}.py").touch()
    monkeypatch.setitem(sys.modules, "shop.orders", ModuleType("shop.orders"))

    with pytest.raises(IncompleteModelError) as refused:
        check_modules(package)

    assert f"{tmp_path / 'bills.py'}: no module of shop imports it" in str(refused.value)
    assert "orders" not in str(refused.value)
    check_modules(dbmodels)


def test_models_of_boards_are_complete() -> None:
    """The negative control: every table of the models keeps every rule."""
    check_models(Base)


def _copies() -> dict[str, Table]:
    """Return copies of the models' tables with what they declare."""
    metadata = MetaData()
    for table in target_metadata.sorted_tables:
        declare(table.to_metadata(metadata), declared(table))
    return dict(metadata.tables)


def _base_with_an_incomplete_model() -> Any:
    """Return a base of Boards' own tables and of one that declares nothing."""

    class Other(DeclarativeBase):
        metadata = MetaData(naming_convention=naming_convention)
        type_annotation_map = Base.type_annotation_map

    for table in target_metadata.sorted_tables:
        declare(table.to_metadata(Other.metadata), declared(table))

    class Shelf(Identified, Updated, Other):
        __tablename__ = "shelves"
        __table_args__ = (refers("owner_id", "users"),)

        owner_id: Mapped[UUID] = mapped_column()

    return Other
