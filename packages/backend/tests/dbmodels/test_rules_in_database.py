"""One statement at a time that breaks one rule of the house in the database."""

from __future__ import annotations

import pytest
from sqlalchemy.engine import Connection

from alembic_proof.catalog import Catalog, read_catalog
from alembic_proof.postgres.connect import run_on
from boards.dbmodels import target_metadata
from packages.backend.tests.dbmodels.house_rules import (
    Rule,
    grants,
    policy,
    tenant_key,
    times,
    types,
)

TRIGGER = """
CREATE TRIGGER generation_tags_set_updated_at BEFORE UPDATE ON generation_tags
FOR EACH ROW EXECUTE FUNCTION set_updated_at()
"""
RECREATE = "DROP POLICY tags_isolation ON tags; CREATE POLICY tags_isolation ON tags"
TENANT = "tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid)"
IN_THE_DATABASE: tuple[tuple[Rule, str, str, str], ...] = (
    (
        tenant_key,
        "tags",
        "ALTER TABLE tags RENAME tenant_id TO tenant",
        "tenant_id is not physically the first column",
    ),
    (
        policy,
        "tags",
        "ALTER TABLE tags DISABLE ROW LEVEL SECURITY",
        "row-level security is not enabled",
    ),
    (
        policy,
        "tags",
        "ALTER TABLE tags FORCE ROW LEVEL SECURITY",
        "row-level security is forced, so the owner sees no rows either",
    ),
    (policy, "tags", "DROP POLICY tags_isolation ON tags", "the policy tags_isolation is missing"),
    (
        policy,
        "tags",
        "ALTER POLICY tags_isolation ON tags USING (true)",
        "the policy is wrong in ['using']",
    ),
    (
        policy,
        "tags",
        "ALTER POLICY tags_isolation ON tags WITH CHECK (true)",
        "the policy is wrong in ['with check']",
    ),
    (
        policy,
        "tags",
        "ALTER POLICY tags_isolation ON tags TO boards_app",
        "the policy is wrong in ['roles']",
    ),
    (
        policy,
        "tags",
        f"{RECREATE} AS RESTRICTIVE USING ({TENANT}) WITH CHECK ({TENANT})",
        "the policy is wrong in ['permissive']",
    ),
    (
        policy,
        "tags",
        f"{RECREATE} FOR UPDATE USING ({TENANT}) WITH CHECK ({TENANT})",
        "the policy is wrong in ['command']",
    ),
    (
        policy,
        "tenants",
        f"ALTER POLICY tenants_isolation ON tenants USING ({TENANT.replace('tenant_id =', 'id <>')})",
        "the policy is wrong in ['using']",
    ),
    (
        grants,
        "tags",
        "REVOKE DELETE ON tags FROM boards_app",
        "boards_app has INSERT, SELECT, UPDATE",
    ),
    (grants, "tags", "REVOKE ALL ON tags FROM boards_app", "boards_app has None"),
    (
        grants,
        "tags",
        "GRANT SELECT ON tags TO PUBLIC",
        "granted to others: ['grant to PUBLIC']",
    ),
    (
        grants,
        "tenants",
        "GRANT INSERT ON tenants TO boards_app",
        "boards_app has INSERT, SELECT",
    ),
    (
        grants,
        "credit_transactions",
        "GRANT DELETE ON credit_transactions TO boards_app",
        "boards_app has DELETE, INSERT, SELECT",
    ),
    (
        times,
        "tags",
        "ALTER TABLE tags ALTER created_at DROP NOT NULL",
        "created_at NOT NULL is missing",
    ),
    (times, "tags", "ALTER TABLE tags DROP created_at", "created_at NOT NULL is missing"),
    (
        times,
        "tags",
        "REVOKE UPDATE ON tags FROM boards_app",
        "updated_at without rows that can change",
    ),
    (
        times,
        "generation_tags",
        "GRANT UPDATE ON generation_tags TO boards_app",
        "updated_at is missing",
    ),
    (
        times,
        "tags",
        "DROP TRIGGER tags_set_updated_at ON tags",
        "the trigger that keeps updated_at is missing",
    ),
    (times, "generation_tags", TRIGGER, "the trigger that keeps updated_at is one too many"),
    (types, "tags", "ALTER TABLE tags ALTER name TYPE varchar(100)", "odd types: ['name']"),
    (types, "tags", "ALTER TABLE tags ALTER created_at TYPE date", "odd types: ['created_at']"),
    (
        types,
        "generation_inputs",
        "ALTER TABLE generation_inputs ALTER position TYPE bigint",
        "odd types: ['position']",
    ),
    (
        types,
        "credit_transactions",
        "ALTER TABLE credit_transactions ALTER generation_id TYPE text",
        "odd types: ['generation_id']",
    ),
    (
        types,
        "generations",
        "ALTER TABLE generations DROP external_job_id; ALTER TABLE generations ADD external_job_id uuid",
        "odd types: ['external_job_id']",
    ),
)


@pytest.mark.parametrize(("rule", "table", "statement", "sentence"), IN_THE_DATABASE)
def test_one_statement_breaks_one_rule(
    rule: Rule, table: str, statement: str, sentence: str, models_url: str
) -> None:
    """A table keeps the rule; one statement in the database and the rule says what is wrong."""
    found = run_on(models_url, lambda connection: _catalog_after(statement, connection))

    assert rule(target_metadata.tables[table], found) == sentence


def _catalog_after(statement: str, connection: Connection) -> Catalog:
    """The catalog as the statement would leave it; nothing of it stays."""
    with connection.begin_nested() as savepoint:
        for part in statement.split("; "):
            connection.exec_driver_sql(part)
        found = read_catalog(connection)
        savepoint.rollback()
    return found
