"""Each table has what its model declares, built by the models or by the history."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Table

from alembic_deploy.connect import run_on
from alembic_proof.catalog import Catalog, key, read_catalog
from boards.dbmodels import Base, target_metadata
from boards.dbmodels.ddl import tenant_key

TABLES = target_metadata.sorted_tables
PRIVILEGES = {one.local_table: one.class_.app_privileges for one in Base.registry.mappers}
OURS = ("grant to (owner)", "grant to boards_app")


def lacking(table: Table, catalog: Catalog) -> Iterator[str]:
    """Yield the differences between the table and its declaration."""
    record = catalog.find(key("table", f"public.{table.name}"))
    assert record is not None, f"{table.name} is not in the database"
    if (record.fact("column order") or "").split(", ")[0] != tenant_key(table):
        yield f"{tenant_key(table)} is not the first column"
    if record.fact("row security") != "enabled":
        yield "row-level security is not enabled"
    if record.fact("force row security"):
        yield "row-level security is forced, so the owner sees no rows either"
    if catalog.find(key("policy", f"public.{table.name}.{table.name}_isolation")) is None:
        yield "the policy is missing"
    granted = record.fact("grant to boards_app")
    if granted != ", ".join(sorted(PRIVILEGES[table])):
        yield f"boards_app has {granted}"
    yield from (
        f"{name}: {value}"
        for name, value in record.facts
        if name.startswith("grant to") and name not in OURS
    )
    trigger = key("trigger", f"public.{table.name}.{table.name}_set_updated_at")
    if (catalog.find(trigger) is not None) != ("updated_at" in table.columns):
        yield "the trigger that sets updated_at is missing, or one too many"


def loose_views(catalog: Catalog) -> list[str]:
    """Return the views that read with their owner's privileges, so that no policy applies."""
    return [
        record.identity
        for record in catalog.objects
        if record.kind == "view" and "security_invoker=true" not in (record.fact("options") or "")
    ]


@pytest.fixture(scope="module")
def head_catalog(template_url: str) -> Catalog:
    """Return the catalog of the database that the history built."""
    return run_on(template_url, read_catalog)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_table_is_as_declared(table: Table, models_catalog: Catalog, head_catalog: Catalog) -> None:
    """Policy, privileges, trigger and the tenant's place are what the model declares."""
    assert list(lacking(table, models_catalog)) == []
    assert list(lacking(table, head_catalog)) == []


def test_views_are_security_invoker(models_catalog: Catalog) -> None:
    """The policies of its tables apply to the role that queries a view."""
    assert loose_views(models_catalog) == []


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("ALTER TABLE tags DISABLE ROW LEVEL SECURITY", "row-level security is not enabled"),
        (
            "ALTER TABLE tags FORCE ROW LEVEL SECURITY",
            "row-level security is forced, so the owner sees no rows either",
        ),
        ("DROP POLICY tags_isolation ON tags", "the policy is missing"),
        ("REVOKE DELETE ON tags FROM boards_app", "boards_app has INSERT, SELECT, UPDATE"),
        ("REVOKE ALL ON tags FROM boards_app", "boards_app has None"),
        ("GRANT SELECT ON tags TO PUBLIC", "grant to PUBLIC: SELECT"),
        (
            "DROP TRIGGER tags_set_updated_at ON tags",
            "the trigger that sets updated_at is missing, or one too many",
        ),
        ("ALTER TABLE tags RENAME tenant_id TO tenant", "tenant_id is not the first column"),
    ],
)
def test_difference_from_the_declaration_is_found(
    statement: str, sentence: str, models_url: str
) -> None:
    """After one statement in the database, the difference that it makes is found."""
    found = run_on(models_url, lambda connection: _catalog_after(statement, connection))

    assert list(lacking(target_metadata.tables["tags"], found)) == [sentence]


def test_view_that_reads_as_its_owner_is_found(models_url: str) -> None:
    """A plain view, which shows every tenant's rows, is found; a security_invoker view is not."""
    statement = (
        "CREATE VIEW loose AS SELECT 1 AS one;"
        "CREATE VIEW safe WITH (security_invoker = true) AS SELECT 1 AS one"
    )

    found = run_on(models_url, lambda connection: _catalog_after(statement, connection))

    assert loose_views(found) == ["public.loose"]


def _catalog_after(statement: str, connection: Connection) -> Catalog:
    """Return the catalog after the statement, which is rolled back."""
    with connection.begin_nested() as savepoint:
        for part in statement.split(";"):
            connection.exec_driver_sql(part)
        found = read_catalog(connection)
        savepoint.rollback()
    return found
