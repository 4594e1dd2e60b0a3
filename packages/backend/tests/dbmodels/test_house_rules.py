"""The walk over target_metadata: a table that lacks something fails by name."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    Uuid,
)

from alembic_proof.catalog import Catalog, read_catalog
from alembic_proof.postgres.connect import run_on
from alembic_proof.postgres.scratch import scratch_database
from boards.dbmodels import target_metadata
from packages.backend.tests.dbmodels.house_rules import RULES, Rule

TABLES = tuple(target_metadata.sorted_tables)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_table_keeps_rule(table: Table, rule: Rule, models_catalog: Catalog) -> None:
    """Each table of the models keeps each rule of the house."""
    assert rule(table, models_catalog) == "", f"{table.name}: {rule.__doc__}"


@pytest.fixture(scope="module")
def offender() -> Table:
    """A table that keeps no rule at all, in a copy of the models' metadata."""
    metadata = MetaData()
    for table in TABLES:
        table.to_metadata(metadata)
    return Table(
        "offenders",
        metadata,
        Column("name", String(10)),
        Column("is_bad", Boolean),
        Column("id", Uuid, primary_key=True),
        Column("tenant_id", Uuid),
        Column("board_id", Uuid),
        UniqueConstraint("name", name="twice"),
        Index("once", "name"),
        CheckConstraint("name <> ''", name="short"),
        ForeignKeyConstraint(
            ["board_id", "tenant_id"], ["boards.id", "boards.tenant_id"], ondelete="SET NULL"
        ),
    )


@pytest.fixture(scope="module")
def offending_catalog(server_url: str, offender: Table) -> Iterator[Catalog]:
    """The catalog of the models' database with the offending table in it."""
    with scratch_database(server_url, label="offender") as url:
        run_on(url, target_metadata.create_all)
        run_on(url, lambda connection: connection.exec_driver_sql(_CREATE))
        yield run_on(url, read_catalog)


_CREATE = (
    "CREATE TABLE offenders"
    " (name varchar(10), is_bad boolean, id uuid PRIMARY KEY, tenant_id uuid, board_id uuid)"
)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_offender_is_found(rule: Rule, offender: Table, offending_catalog: Catalog) -> None:
    """Each rule finds the table that breaks it, while the models' tables stay clean."""
    found = {
        table.name
        for table in offender.metadata.sorted_tables
        if rule(table, offending_catalog) != ""
    }

    assert found == {"offenders"}
