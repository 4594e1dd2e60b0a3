"""The bootstrap: idempotent, safe for many at once, and exact about what is ready."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import asyncpg
import pytest

from alembic_deploy.url import DatabaseUrl
from boards.database.roles import (
    MissingLogin,
    bootstrap_of,
    bootstrap_ready,
    bootstrap_statements,
)
from boards.settings import APP_ROLE

HOSTILE = "we\"ird $$ ' \\ :name %s — ü " + uuid4().hex[:8]


@pytest.fixture
async def admin(server_url: str) -> AsyncIterator[asyncpg.Connection]:
    """Yield a connection of the role that makes roles, outside of any transaction."""
    connection = await asyncpg.connect(DatabaseUrl.parse(server_url).dsn)
    yield connection
    await connection.close()


@pytest.fixture
async def login(admin: asyncpg.Connection) -> AsyncIterator[str]:
    """Yield the name of a role that is not there yet, and is dropped afterwards."""
    name = f"boards_test_{uuid4().hex[:8]}"
    yield name
    await admin.execute(f"DROP ROLE IF EXISTS {name}")


async def bootstrap(connection: asyncpg.Connection, login: str) -> None:
    """Send the whole bootstrap, which makes the login when it is missing."""
    for statement in bootstrap_statements(login, missing=MissingLogin.CREATE):
        await connection.execute(statement)


async def test_bootstrap_makes_the_login_a_member(admin: asyncpg.Connection, login: str) -> None:
    """Before the bootstrap the login is not ready, afterwards it may become boards_app."""
    before = await admin.fetchval(bootstrap_ready(login))
    await bootstrap(admin, login)
    after = await admin.fetchval(bootstrap_ready(login))

    assert (before, after) == (False, True)


async def test_bootstrap_can_be_sent_again(admin: asyncpg.Connection, login: str) -> None:
    """A second bootstrap changes nothing and fails at nothing."""
    await bootstrap(admin, login)
    await bootstrap(admin, login)

    members = await admin.fetchval(
        "SELECT count(*) FROM pg_auth_members WHERE member = $1::regrole", login
    )
    assert members == 1


async def test_login_has_nothing_but_its_membership(admin: asyncpg.Connection, login: str) -> None:
    """The login that the bootstrap makes has no attribute, and inherits no right."""
    await bootstrap(admin, login)

    row = await admin.fetchrow("SELECT * FROM pg_roles WHERE rolname = $1", login)
    attributes = ("rolsuper", "rolcreaterole", "rolcreatedb", "rolreplication", "rolbypassrls")
    assert row["rolcanlogin"]
    assert not row["rolinherit"]
    assert not any(row[attribute] for attribute in attributes)


async def test_application_role_cannot_log_in(admin: asyncpg.Connection, login: str) -> None:
    """boards_app is a role to become, not one to log in as, and skips no policy."""
    await bootstrap(admin, login)

    row = await admin.fetchrow("SELECT * FROM pg_roles WHERE rolname = $1", APP_ROLE)

    assert not row["rolcanlogin"]
    assert not row["rolbypassrls"]


async def test_eight_bootstraps_at_once_all_succeed(
    server_url: str, admin: asyncpg.Connection, login: str
) -> None:
    """Eight sessions that make the same login at the same moment all succeed."""
    sessions = [await asyncpg.connect(DatabaseUrl.parse(server_url).dsn) for _ in range(8)]

    await asyncio.gather(*(bootstrap(session, login) for session in sessions))

    assert await admin.fetchval(bootstrap_ready(login)) is True
    for session in sessions:
        await session.close()


async def test_missing_login_is_refused_by_default(admin: asyncpg.Connection, login: str) -> None:
    """By default the bootstrap creates no login: its first statement, and the last, say so."""
    required, role, membership = bootstrap_statements(login)

    with pytest.raises(asyncpg.UndefinedObjectError, match=f"{login} does not exist"):
        await admin.execute(required)

    await admin.execute(role)
    with pytest.raises(asyncpg.UndefinedObjectError, match=login):
        await admin.execute(membership)


async def test_hostile_name_is_only_a_name(admin: asyncpg.Connection) -> None:
    """Quotes, dollars, backslashes, colons and percent signs in a login's name stay a name."""
    try:
        await bootstrap(admin, HOSTILE)

        assert await admin.fetchval(bootstrap_ready(HOSTILE)) is True
    finally:
        quoted = HOSTILE.replace('"', '""')
        await admin.execute(f'DROP ROLE IF EXISTS "{quoted}"')


@pytest.mark.parametrize("name", ["", "a\0b", "x" * 64, "ü" * 32, "end $bootstrap$; DROP"])
def test_impossible_name_is_refused(name: str) -> None:
    """A name that PostgreSQL would cut or refuse, or that ends the block, is an error."""
    with pytest.raises(ValueError, match="role"):
        bootstrap_statements(name)


async def test_role_alone_is_ready_without_a_login(admin: asyncpg.Connection, login: str) -> None:
    """Without a login, the bootstrap is ready as soon as boards_app exists."""
    await bootstrap(admin, login)

    assert await admin.fetchval(bootstrap_ready(None)) is True


@pytest.mark.parametrize(
    "statement",
    bootstrap_of("app", missing=MissingLogin.CREATE, closes_database=True).statements,
)
def test_statements_survive_every_driver(statement: str) -> None:
    """No percent sign and no colon: no driver and no text() finds a parameter in them."""
    assert not {"%", ":"} & set(statement)
