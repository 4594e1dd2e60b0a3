"""One declaration at a time that breaks one rule of the house in a model's table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    MetaData,
    Table,
    UniqueConstraint,
    Uuid,
)

from alembic_proof.catalog import Catalog
from boards.dbmodels import target_metadata
from packages.backend.tests.dbmodels.house_rules import (
    Rule,
    comments,
    indexed_foreign_keys,
    names,
    no_redundant_index,
    same_tenant,
    tenant_cascade,
    tenant_key,
    types,
)

ELSEWHERE = "foreign keys across tenants, or with another action: ['fk_elsewhere']"
IN_THE_MODEL: tuple[tuple[Rule, str, Callable[[Table], object], str], ...] = (
    (
        tenant_key,
        "tags",
        lambda table: table.append_constraint(UniqueConstraint("name", name="one")),
        "unique without the tenant: ['one']",
    ),
    (
        tenant_key,
        "tags",
        lambda table: Index("other", table.c.slug, unique=True),
        "unique without the tenant: ['other']",
    ),
    (
        tenant_cascade,
        "tags",
        lambda table: setattr(_key_of(table, "tenant_id"), "ondelete", None),
        "tenant_id does not cascade from tenants",
    ),
    (
        tenant_cascade,
        "tags",
        lambda table: _refer(table, ["tenant_id"], ["tenants.id"]),
        "tenant_id does not cascade from tenants",
    ),
    (
        indexed_foreign_keys,
        "boards",
        lambda table: table.indexes.clear(),
        "without an index: ['fk_boards_tenant_id_owner_id_users']",
    ),
    (
        no_redundant_index,
        "boards",
        lambda table: Index("ix_short", table.c.tenant_id),
        "redundant: ['ix_short']",
    ),
    (
        no_redundant_index,
        "boards",
        lambda table: Index("ix_twin", table.c.tenant_id, table.c.owner_id),
        "redundant: ['ix_twin']",
    ),
    (
        no_redundant_index,
        "tags",
        lambda table: Index("ix_unique", table.c.tenant_id, table.c.slug),
        "redundant: ['ix_unique']",
    ),
    (
        same_tenant,
        "tags",
        lambda table: _refer(table, ["id"], ["tenants.id"]),
        ELSEWHERE,
    ),
    (
        same_tenant,
        "tags",
        lambda table: _refer(table, ["tenant_id"], ["boards.tenant_id"], ondelete="SET NULL"),
        ELSEWHERE,
    ),
    (
        same_tenant,
        "tags",
        lambda table: _refer(table, ["tenant_id"], ["boards.owner_id"]),
        ELSEWHERE,
    ),
    (
        same_tenant,
        "tags",
        lambda table: _refer(table, ["tenant_id"], ["tenants.id"], onupdate="CASCADE"),
        ELSEWHERE,
    ),
    (
        comments,
        "tags",
        lambda table: setattr(table.c.slug, "comment", None),
        "without a comment: ['slug']",
    ),
    (
        comments,
        "tags",
        lambda table: setattr(table, "comment", None),
        "without a comment: ['the table itself']",
    ),
    (
        types,
        "boards",
        lambda table: setattr(table.c.is_public, "nullable", True),
        "odd types: ['is_public']",
    ),
    (
        names,
        "tags",
        lambda table: setattr(table.primary_key, "name", "tags_pkey"),
        "named otherwise than by the convention: ['tags_pkey']",
    ),
    (
        names,
        "tags",
        lambda table: table.append_constraint(UniqueConstraint("name", name="uq_tags_slug")),
        "named otherwise than by the convention: ['uq_tags_slug']",
    ),
    (
        names,
        "tags",
        lambda table: setattr(_key_of(table, "tenant_id"), "name", "fk_tags_tenants"),
        "named otherwise than by the convention: ['fk_tags_tenants']",
    ),
    (
        names,
        "tags",
        lambda table: table.append_constraint(CheckConstraint("true", name="short")),
        "named otherwise than by the convention: ['short']",
    ),
    (
        names,
        "tags",
        lambda table: table.append_constraint(CheckConstraint("true", name=f"ck_tags_{'x' * 56}")),
        f"named otherwise than by the convention: ['ck_tags_{'x' * 56}']",
    ),
    (
        names,
        "tags",
        lambda table: Index("ix_tags_slug", table.c.name),
        "named otherwise than by the convention: ['ix_tags_slug']",
    ),
)


@pytest.mark.parametrize(("rule", "name", "change", "sentence"), IN_THE_MODEL)
def test_one_declaration_breaks_one_rule(
    rule: Rule,
    name: str,
    change: Callable[[Table], object],
    sentence: str,
    models_catalog: Catalog,
) -> None:
    """A copy of a model's table keeps the rule; one declaration and the rule says what is wrong."""
    copies = MetaData()
    for table in target_metadata.sorted_tables:
        table.to_metadata(copies)
    copy = copies.tables[name]
    before = rule(copy, models_catalog)

    change(copy)

    assert (before, rule(copy, models_catalog)) == ("", sentence)


def test_a_primary_key_in_another_order_is_found(models_catalog: Catalog) -> None:
    """The tenant comes first in the key itself, not only in the table."""
    table = Table(
        "tags",
        MetaData(),
        Column("id", Uuid, primary_key=True),
        Column("tenant_id", Uuid, primary_key=True),
    )

    assert tenant_key(table, models_catalog) == "the primary key does not begin with tenant_id"


def _refer(table: Table, columns: list[str], target: list[str], **actions: Any) -> None:
    """Adds the foreign key `fk_elsewhere` to the table."""
    table.append_constraint(ForeignKeyConstraint(columns, target, name="fk_elsewhere", **actions))


def _key_of(table: Table, *columns: str) -> ForeignKeyConstraint:
    """The table's foreign key of exactly these columns."""
    (found,) = (
        constraint
        for constraint in table.foreign_key_constraints
        if constraint.column_keys == list(columns)
    )
    return found
