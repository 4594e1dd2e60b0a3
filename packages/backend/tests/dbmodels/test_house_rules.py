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
from sqlalchemy.engine import Connection

from alembic_proof.catalog import Catalog, read_catalog
from alembic_proof.postgres.connect import run_on
from alembic_proof.postgres.scratch import scratch_database
from boards.dbmodels import target_metadata
from packages.backend.tests.dbmodels.house_rules import (
    RULES,
    Rule,
    grants,
    policy,
    tenant_key,
    times,
)

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


@pytest.mark.parametrize(
    ("rule", "statement", "sentence"),
    [
        (tenant_key, "", ""),
        (policy, "", ""),
        (grants, "", ""),
        (times, "", ""),
        (
            policy,
            "ALTER TABLE tags DISABLE ROW LEVEL SECURITY",
            "row-level security is not enabled",
        ),
        (
            policy,
            "ALTER TABLE tags FORCE ROW LEVEL SECURITY",
            "row-level security is forced, so the owner sees no rows either",
        ),
        (policy, "DROP POLICY tags_isolation ON tags", "the policy tags_isolation is missing"),
        (
            policy,
            "ALTER POLICY tags_isolation ON tags USING (true)",
            "the policy is wrong in ['using']",
        ),
        (
            policy,
            "ALTER POLICY tags_isolation ON tags WITH CHECK (true)",
            "the policy is wrong in ['with check']",
        ),
        (
            policy,
            "ALTER POLICY tags_isolation ON tags TO boards_app",
            "the policy is wrong in ['roles']",
        ),
        (grants, "REVOKE DELETE ON tags FROM boards_app", "boards_app has INSERT, SELECT, UPDATE"),
        (grants, "REVOKE ALL ON tags FROM boards_app", "boards_app has None"),
        (grants, "GRANT SELECT ON tags TO PUBLIC", "granted to others: ['grant to PUBLIC']"),
        (
            times,
            "DROP TRIGGER tags_set_updated_at ON tags",
            "the trigger that keeps updated_at is missing",
        ),
        (
            times,
            "ALTER TABLE tags ALTER created_at DROP NOT NULL",
            "created_at NOT NULL is missing",
        ),
    ],
)
def test_one_statement_breaks_one_rule(
    rule: Rule, statement: str, sentence: str, models_url: str
) -> None:
    """The tags keep the rule; one statement in the database and the rule says what is wrong."""
    found = run_on(models_url, lambda connection: _catalog_after(statement, connection))

    assert rule(target_metadata.tables["tags"], found) == sentence


def test_a_key_that_is_unique_beyond_its_tenant_is_found(models_catalog: Catalog) -> None:
    """A unique key, or a unique index, that does not begin with the tenant is named."""
    tags = target_metadata.tables["tags"].to_metadata(MetaData())
    tags.append_constraint(UniqueConstraint("name", name="one"))
    Index("other", tags.c.slug, unique=True)

    assert tenant_key(tags, models_catalog) == "unique without the tenant: ['one', 'other']"


def _catalog_after(statement: str, connection: Connection) -> Catalog:
    """The catalog as the statement would leave it; nothing of it stays."""
    with connection.begin_nested() as savepoint:
        if statement:
            connection.exec_driver_sql(statement)
        found = read_catalog(connection)
        savepoint.rollback()
    return found
