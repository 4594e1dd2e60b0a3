"""A model that lacks something that every table of a tenant has is refused, with what to write."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
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
from boards.dbmodels.base import TenantScoped, Timestamps, tenant_foreign_key
from boards.dbmodels.ddl import READ, Privilege
from boards.dbmodels.rules import (
    IncompleteModelError,
    faults,
    refuse_incomplete_model,
    refuse_unimported_modules,
)

Change = Callable[[Table], object]


def refer(table: Table, column: str, target: str) -> None:
    """Add a foreign key to the table."""
    name = f"fk_{table.name}_{column}_{target.partition('.')[0]}"
    table.append_constraint(ForeignKeyConstraint([column], [target], name=name))


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
    "index across tenants": (
        "tags",
        lambda table: Index("ix_tags_slug", table.c.slug),
        "an index ix_tags_slug by which a query plan tells of other tenants' rows",
    ),
    "unique among tenants": (
        "tenants",
        lambda table: table.append_constraint(UniqueConstraint("slug", name="uq_tenants_slug")),
        "an index uq_tenants_slug by which a query plan tells of other tenants' rows",
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
def test_one_changed_declaration_breaks_one_rule(name: str) -> None:
    """A copy of a model's table is complete; after one change the rule names what is missing."""
    table_name, change, missing = FAULTS[name]
    table, privileges = _copy(table_name)
    before = "; ".join(fault.missing for fault in faults(table, privileges))

    change(table)

    after = "; ".join(fault.missing for fault in faults(table, privileges))
    assert (before, after) == ("", missing)


@pytest.mark.parametrize(
    ("table_name", "privileges", "missing"),
    [
        ("tags", (), "no privileges for the application"),
        (
            "tags",
            ("SELCT",),
            "app_privileges ('SELCT',), which are not among SELECT, INSERT, UPDATE, DELETE",
        ),
        (
            "generation_tags",
            ("SELECT", "UPDATE"),
            "no updated_at, though the application may change rows",
        ),
    ],
)
def test_privileges_are_checked(
    table_name: str, privileges: tuple[Privilege, ...], missing: str
) -> None:
    """A table needs privileges, and updated_at where they include UPDATE."""
    table, declared = _copy(table_name)

    assert [fault.missing for fault in faults(table, declared)] == []
    assert [fault.missing for fault in faults(table, privileges)] == [missing]


def test_tenant_that_does_not_come_first_is_found() -> None:
    """The tenant comes first in the table and in its primary key."""
    table = Table(
        "tags",
        MetaData(),
        Column("id", Uuid, primary_key=True),
        Column("tenant_id", Uuid, primary_key=True),
    )

    found = [fault.missing for fault in faults(table, READ)]

    assert found[:2] == [
        "id as its first column, not tenant_id",
        "a primary key that does not begin with tenant_id",
    ]


def test_table_without_a_tenant_is_found() -> None:
    """A table without a tenant has this one fault, and none of those that follow from it."""
    table = Table("things", MetaData(), Column("id", Uuid, primary_key=True))

    assert [fault.missing for fault in faults(table, READ)] == ["no column tenant_id"]


def test_error_names_the_class_its_line_and_what_to_write() -> None:
    """One error lists everything that the class lacks, and its table leaves the metadata."""

    class Other(DeclarativeBase):
        metadata = MetaData(naming_convention=naming_convention)
        type_annotation_map = Base.type_annotation_map

    class Shelf(TenantScoped, Timestamps, Other):
        __tablename__ = "shelves"
        __table_args__ = (tenant_foreign_key("owner_id", "users"),)

        owner_id: Mapped[UUID] = mapped_column()

    with pytest.raises(IncompleteModelError) as caught:
        refuse_incomplete_model(Shelf, Other.metadata.tables["shelves"], ())

    first, *lines = caught.value.what.splitlines()
    assert first == "incomplete models:"
    assert [re.sub(r"^  .*/(\w+\.py):\d+: ", r"\1 ", line) for line in lines] == [
        (
            "test_rules.py class Shelf has no privileges for the application: write"
            " app_privileges=READ_WRITE (or READ, APPEND, LINK_TABLE) behind its base classes"
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
    assert "docs/howto/change-the-schema.md" in caught.value.todo
    assert "shelves" not in Other.metadata.tables


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
        refuse_unimported_modules(package)

    assert f"{tmp_path / 'bills.py'}: no module of shop imports it" in str(refused.value)
    assert "orders" not in str(refused.value)
    refuse_unimported_modules(dbmodels)


def _copy(name: str) -> tuple[Table, tuple[Privilege, ...]]:
    """Return a copy of the model's table, and the model's privileges."""
    (model,) = (one.class_ for one in Base.registry.mappers if one.class_.__tablename__ == name)
    metadata = MetaData()
    for table in target_metadata.sorted_tables:
        table.to_metadata(metadata)
    return metadata.tables[name], model.app_privileges
