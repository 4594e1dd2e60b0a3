"""Objects that exist already are replaced: an index of a failed attempt, a policy made by hand."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from alembic_deploy.connect import run_on
from alembic_proof.catalog import diff, key
from packages.backend.tests.history.database import REVISIONS, Database, before, insert

INDEX = "ix_users_tenant_id_lower_email"
TENANT = UUID(int=1)
STATE = (
    "SELECT indisvalid, indisunique, pg_get_indexdef(indexrelid) LIKE '%lower(email)%'"
    f" FROM pg_index WHERE indexrelid = to_regclass('{INDEX}')"
)


def test_invalid_index_is_replaced(database: Database) -> None:
    """An invalid index that a failed attempt left behind is replaced by a valid one."""
    database.upgrade(before("index_emails_without_case"))
    database.execute(
        insert("tenants", id=TENANT, name="T", slug="t"),
        *(
            insert("users", tenant_id=TENANT, auth_provider="oidc", auth_subject=subject)
            for subject in ("ann", "bob")
        ),
    )
    with pytest.raises(IntegrityError):
        run_on(database.url, fail_to_index, autocommit=True)
    left = database.rows(STATE)

    database.upgrade(REVISIONS["index_emails_without_case"])

    assert left == [(False, True, False)]
    assert database.rows(STATE) == [(True, False, True)]


def fail_to_index(connection: Connection) -> None:
    """Leave an invalid index behind: the tenant has two users."""
    connection.exec_driver_sql(f"CREATE UNIQUE INDEX CONCURRENTLY {INDEX} ON users (tenant_id)")


def test_policy_made_by_hand_is_replaced(database: Database, models: Database) -> None:
    """A policy that has the name already is replaced by the one of the models."""
    database.upgrade(before("isolate_tenants_by_row"))
    database.execute("CREATE POLICY users_isolation ON users FOR SELECT USING (true)")

    database.upgrade()

    policy = key("policy", "public.users.users_isolation")
    assert database.catalog().find(policy) == models.catalog().find(policy)
    assert diff(models.catalog(), database.catalog()) == ()
