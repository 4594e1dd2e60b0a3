"""The ledger is append-only, also for its owner, and is deleted with its tenant."""

from __future__ import annotations

from uuid import uuid4

import asyncpg
import pytest

from packages.backend.tests.dbmodels.transaction import become_app, count, refused
from packages.backend.tests.examples import Examples, World

REFUSED = "55000"
DENIED = "42501"
FORGED_DELETE = (
    "DELETE FROM credit_transactions WHERE set_config('app.tenant_id', '{}', true) IS NOT NULL"
)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE credit_transactions SET amount = amount + 1",
        "UPDATE credit_transactions SET description = description",
        "DELETE FROM credit_transactions",
        "DELETE FROM ONLY credit_transactions WHERE true RETURNING id",
        "TRUNCATE credit_transactions",
        "TRUNCATE tenants CASCADE",
        "MERGE INTO credit_transactions USING tenants ON true WHEN MATCHED THEN DELETE",
        "WITH gone AS (DELETE FROM credit_transactions RETURNING 1) SELECT count(*) FROM gone",
        FORGED_DELETE.format(uuid4()),
        FORGED_DELETE.format(""),
    ],
)
async def test_owner_cannot_change_or_delete_a_row(
    owner: asyncpg.Connection, world: World, statement: str
) -> None:
    """Not even the tables' owner can change or delete a movement, by any statement."""
    async with refused(owner, REFUSED, match="append-only"):
        await owner.execute(statement)

    assert await count(owner, "credit_transactions") == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE credit_transactions SET amount = 0",
        "DELETE FROM credit_transactions",
        "TRUNCATE credit_transactions",
        FORGED_DELETE.format(uuid4()),
        """
        INSERT INTO credit_transactions SELECT * FROM credit_transactions
        ON CONFLICT (tenant_id, id) DO UPDATE SET amount = 0
        """,
        "ALTER TABLE credit_transactions DISABLE TRIGGER ALL",
        "DROP TRIGGER credit_transactions_guard_rows ON credit_transactions",
        "SELECT public.guard_credit_transactions()",
    ],
)
async def test_application_has_no_privilege_to_change_rows(
    owner: asyncpg.Connection, world: World, statement: str
) -> None:
    """The application's role has the privileges to read and append only."""
    await become_app(owner, world.tenant)

    async with refused(owner, DENIED):
        await owner.execute(statement)


async def test_application_reads_and_appends(owner: asyncpg.Connection, world: World) -> None:
    """The application's role adds a movement to its tenant's ledger and reads it back."""
    await become_app(owner, world.tenant)

    await owner.execute(
        "INSERT INTO credit_transactions"
        " (tenant_id, user_id, transaction_type, amount, balance_after)"
        f" VALUES ('{world.tenant}', '{world.user}', 'reserve', -4, 6)"
    )

    assert await count(owner, "credit_transactions") == 2


async def test_guard_does_not_trust_the_setting(owner: asyncpg.Connection, world: World) -> None:
    """The guard finds the row's tenant although app.tenant_id names another one.

    Given the privilege, and a policy that lets it see the row, the application's role is stopped
    by the guard alone: it looks as the owner, whom no policy binds.
    """
    await owner.execute("GRANT DELETE ON credit_transactions TO boards_app")
    await owner.execute("CREATE POLICY leak ON credit_transactions USING (true)")
    await become_app(owner, world.tenant)

    async with refused(owner, REFUSED, match="append-only"):
        await owner.execute(FORGED_DELETE.format(uuid4()))


async def test_invoker_guard_lets_the_delete_through(
    owner: asyncpg.Connection, world: World
) -> None:
    """Control: the same DELETE succeeds if the guard is SECURITY INVOKER."""
    await owner.execute("GRANT DELETE ON credit_transactions TO boards_app")
    await owner.execute("CREATE POLICY leak ON credit_transactions USING (true)")
    await owner.execute("ALTER FUNCTION guard_credit_transactions() SECURITY INVOKER")
    await owner.execute("ALTER FUNCTION guard_credit_transactions() RESET row_security")
    await become_app(owner, world.tenant)

    await owner.execute(FORGED_DELETE.format(uuid4()))
    await owner.execute(f"SET LOCAL app.tenant_id = '{world.tenant}'")

    assert await count(owner, "credit_transactions") == 0


async def test_guard_of_another_owner_fails_closed(owner: asyncpg.Connection, world: World) -> None:
    """If a policy filters the tenants that the guard reads, a DELETE is an error."""
    await owner.execute("ALTER TABLE tenants FORCE ROW LEVEL SECURITY")

    async with refused(owner, DENIED, match="row-level security"):
        await owner.execute("DELETE FROM credit_transactions")


async def test_guard_ignores_the_search_path(owner: asyncpg.Connection, world: World) -> None:
    """An empty temporary table `tenants` does not make the tenant look deleted."""
    await owner.execute("CREATE TEMP TABLE tenants (id uuid)")
    await owner.execute("SET LOCAL search_path = pg_temp, public")

    async with refused(owner, REFUSED, match="append-only"):
        await owner.execute("DELETE FROM public.credit_transactions")


async def test_ledger_outlives_its_generation(owner: asyncpg.Connection, world: World) -> None:
    """Deleting a board and its generations keeps the movements that paid for them."""
    await owner.execute("DELETE FROM boards")

    assert await count(owner, "generations") == 0
    assert await count(owner, "credit_transactions") == 1


async def test_ledger_is_deleted_with_its_tenant_only(
    owner: asyncpg.Connection, world: World, examples: Examples
) -> None:
    """Deleting a tenant deletes its movements, and no other tenant's."""
    theirs = await examples.insert(owner, slug="theirs", is_everywhere=False)

    await owner.execute("DELETE FROM tenants WHERE id = $1", world.tenant)

    remaining = await owner.fetch("SELECT tenant_id FROM credit_transactions")
    assert [row["tenant_id"] for row in remaining] == [theirs.tenant]
