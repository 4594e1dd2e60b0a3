"""Checks, tried at their bounds: the last good value goes in, the first bad one does not."""

from __future__ import annotations

from typing import Any

import pytest

from packages.backend.tests.dbmodels.world import World, refused

CHECK = "23514"
NOT_NULL = "23502"
UNIQUE = "23505"

# (table, column, good values, bad values) in SQL.
BOUNDS = (
    ("tenants", "name", ["'x'", "repeat('ä', 255)"], ["''", "repeat('x', 256)"]),
    (
        "tenants",
        "slug",
        ["'a'", "'a-1-b'", "repeat('a', 63)"],
        ["''", "repeat('a', 64)", "'A'", "'-a'", "'a-'", "'a--b'", "'a b'", "'ä'", "E'a\\n'"],
    ),
    ("users", "auth_provider", ["'x'", "repeat('x', 50)"], ["''", "repeat('x', 51)"]),
    ("users", "auth_subject", ["repeat('x', 255)"], ["''", "repeat('x', 256)"]),
    ("users", "email", ["NULL", "''", "repeat('x', 320)"], ["repeat('x', 321)"]),
    ("users", "display_name", ["NULL", "repeat('x', 255)"], ["repeat('x', 256)"]),
    ("provider_configs", "provider_name", ["repeat('x', 100)"], ["''", "repeat('x', 101)"]),
    ("boards", "title", ["'x'", "repeat('x', 255)"], ["''", "repeat('x', 256)"]),
    ("board_members", "role", ["'viewer'", "'editor'", "'admin'"], ["'owner'", "''"]),
    (
        "generations",
        "artifact_type",
        ["'image'", "'video'", "'audio'", "'text'", "'lora'", "'model'"],
        ["'Image'", "''"],
    ),
    (
        "generations",
        "status",
        ["'pending'", "'processing'", "'completed'", "'failed'", "'cancelled'"],
        ["'canceled'"],
    ),
    ("generations", "generator_name", ["repeat('x', 100)"], ["''", "repeat('x', 101)"]),
    ("generations", "external_job_id", ["NULL", "repeat('x', 255)"], ["repeat('x', 256)"]),
    ("generations", "progress", ["0", "100", "33.33"], ["-0.01", "100.01", "'NaN'"]),
    ("generation_inputs", "position", ["0", "2147483647"], ["-1"]),
    ("generation_inputs", "role", ["'x'", "repeat('x', 50)"], ["''", "repeat('x', 51)"]),
    ("lora_models", "name", ["repeat('x', 255)"], ["''", "repeat('x', 256)"]),
    ("lora_models", "base_model", ["repeat('x', 100)"], ["''", "repeat('x', 101)"]),
    ("lora_models", "trigger_word", ["NULL", "repeat('x', 100)"], ["repeat('x', 101)"]),
    ("tags", "name", ["repeat('x', 100)"], ["''", "repeat('x', 101)"]),
    ("tags", "slug", ["repeat('a', 100)"], ["''", "repeat('a', 101)", "'A'"]),
)


@pytest.mark.parametrize(("table", "column", "good", "bad"), BOUNDS)
async def test_check_binds_at_its_bounds(
    owner: Any, world: World, table: str, column: str, good: list[str], bad: list[str]
) -> None:
    """A value inside the check's bounds is taken, one just outside is refused by that check."""
    statement = (
        f"UPDATE {table} SET {column} = {{}} WHERE ctid = (SELECT ctid FROM {table} LIMIT 1)"
    )
    for value in good:
        await owner.execute(statement.format(value))
    for value in bad:
        async with refused(owner, CHECK, match=f"ck_{table}_{column}"):
            await owner.execute(statement.format(value))


@pytest.mark.parametrize(
    ("column", "good", "bad"),
    [
        (
            "transaction_type",
            ["'reserve'", "'finalize'", "'refund'", "'purchase'", "'grant'"],
            ["'gift'"],
        ),
        ("amount", ["-99999999.9999", "0"], ["'NaN'"]),
        ("balance_after", ["0", "99999999.9999"], ["-0.0001", "'NaN'"]),
    ],
)
async def test_ledger_checks_bind(
    owner: Any, world: World, column: str, good: list[str], bad: list[str]
) -> None:
    """The ledger takes movements inside the bounds of its checks only."""
    values = {"transaction_type": "'grant'", "amount": "1", "balance_after": "1"}
    for value in good:
        await owner.execute(movement(world, values | {column: value}))
    for value in bad:
        async with refused(owner, CHECK, match=f"ck_credit_transactions_{column}"):
            await owner.execute(movement(world, values | {column: value}))


def movement(world: World, values: dict[str, str]) -> str:
    """SQL of one row of the ledger."""
    return (
        f"INSERT INTO credit_transactions (tenant_id, user_id, {', '.join(values)})"
        f" VALUES ('{world.tenant}', '{world.user}', {', '.join(values.values())})"
    )


async def test_slug_is_unique_among_all_tenants(owner: Any, world: World) -> None:
    """Two tenants cannot share a slug."""
    async with refused(owner, UNIQUE, match="uq_tenants_slug"):
        await owner.execute("INSERT INTO tenants (name, slug) VALUES ('Copy', 'ours')")


async def test_email_is_not_unique(owner: Any, world: World) -> None:
    """Two users of a tenant may have the same e-mail address."""
    await owner.execute("UPDATE users SET email = 'Ann@Example.org'")

    found = await owner.fetchval(
        "SELECT count(*) FROM users WHERE tenant_id = $1 AND lower(email) = 'ann@example.org'",
        world.tenant,
    )
    assert found == 2
