"""CHECK constraints at their bounds: the last valid value is accepted, the first invalid one refused."""

from __future__ import annotations

import asyncpg
import pytest
from sqlalchemy import Column, MetaData, Table, Text
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from boards.dbmodels import naming_convention
from boards.dbmodels.base import allowed_values, length
from packages.backend.tests.dbmodels.transaction import refused
from packages.backend.tests.examples import World

CHECK = "23514"
UNIQUE = "23505"

# (table, column, good values, bad values) in SQL, of the checks that no helper of the base makes.
BOUNDS = (
    (
        "tenants",
        "slug",
        ["'a'", "'a-1-b'"],
        ["'A'", "'-a'", "'a-'", "'a--b'", "'a b'", "'ä'", "E'a\\n'"],
    ),
    ("generations", "progress", ["0", "100", "33.33"], ["-0.01", "100.01", "'NaN'"]),
    ("generation_inputs", "position", ["0", "2147483647"], ["-1"]),
    ("tags", "slug", ["'a'"], ["'A'", "'a_b'"]),
)
HELPERS = Table(
    "helped",
    MetaData(naming_convention=naming_convention),
    Column("role", Text),
    Column("title", Text),
    Column("note", Text),
    allowed_values("role", "viewer", "editor"),
    length("title", at_least=1, at_most=5),
    length("note", at_most=3),
    prefixes=["TEMPORARY"],
)


@pytest.mark.parametrize(
    ("column", "good", "bad"),
    [
        ("role", ["'viewer'", "'editor'", "NULL"], ["'owner'", "''", "'Viewer'"]),
        ("title", ["'x'", "repeat('ä', 5)", "NULL"], ["''", "repeat('x', 6)"]),
        ("note", ["''", "repeat('ä', 3)", "NULL"], ["repeat('x', 4)"]),
    ],
)
async def test_check_of_a_helper_at_its_bounds(
    owner: asyncpg.Connection, column: str, good: list[str], bad: list[str]
) -> None:
    """allowed_values() allows only its values, length() counts characters, and both let NULL pass."""
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy left it untyped
    await owner.execute(str(CreateTable(HELPERS).compile(dialect=dialect)))
    for value in good:
        await owner.execute(f"INSERT INTO helped ({column}) VALUES ({value})")
    for value in bad:
        async with refused(owner, CHECK, match=f"ck_helped_{column}"):
            await owner.execute(f"INSERT INTO helped ({column}) VALUES ({value})")


@pytest.mark.parametrize(("table", "column", "good", "bad"), BOUNDS)
async def test_check_binds_at_its_bounds(
    owner: asyncpg.Connection,
    world: World,
    table: str,
    column: str,
    good: list[str],
    bad: list[str],
) -> None:
    """A value inside the check's bounds is accepted, one just outside is refused by that check."""
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
    owner: asyncpg.Connection, world: World, column: str, good: list[str], bad: list[str]
) -> None:
    """The ledger accepts only movements inside the bounds of its checks."""
    values = {"transaction_type": "'grant'", "amount": "1", "balance_after": "1"}
    for value in good:
        await owner.execute(movement(world, values | {column: value}))
    for value in bad:
        async with refused(owner, CHECK, match=f"ck_credit_transactions_{column}"):
            await owner.execute(movement(world, values | {column: value}))


def movement(world: World, values: dict[str, str]) -> str:
    """Return SQL of one row of the ledger."""
    return (
        f"INSERT INTO credit_transactions (tenant_id, user_id, {', '.join(values)})"
        f" VALUES ('{world.tenant}', '{world.user}', {', '.join(values.values())})"
    )


async def test_slug_is_unique_among_all_tenants(owner: asyncpg.Connection, world: World) -> None:
    """Two tenants cannot share a slug."""
    async with refused(owner, UNIQUE, match="ix_tenants_lower_slug"):
        await owner.execute("INSERT INTO tenants (name, slug) VALUES ('Copy', 'ours')")


async def test_email_is_not_unique(owner: asyncpg.Connection, world: World) -> None:
    """Two users of a tenant may have the same e-mail address."""
    await owner.execute("UPDATE users SET email = 'Ann@Example.org'")

    found = await owner.fetchval(
        "SELECT count(*) FROM users WHERE tenant_id = $1 AND lower(email) = 'ann@example.org'",
        world.tenant,
    )
    assert found == 2
