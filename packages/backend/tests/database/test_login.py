"""Tenant sessions refuse every login that can bypass policies, with the reason."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from sqlalchemy import event, text

from alembic_deploy.connect import run_on
from alembic_deploy.url import DatabaseUrl
from alembic_proof.scratch import scratch_database
from boards.database import UnsafeLoginError, create_engine, tenant_session
from packages.backend.tests.conftest import drop_member
from packages.backend.tests.database.two_tenants import SUPERUSER

Login = Callable[..., str]


@pytest.fixture(scope="module")
def migrated_url(server_url: str, template_url: str) -> Iterator[str]:
    """Yield the URL of a database at head; each test takes back what it grants there."""
    template = DatabaseUrl.parse(template_url).database
    with scratch_database(server_url, template=template) as url:
        yield url


@pytest.fixture
def login(superuser_url: str, migrated_url: str) -> Iterator[Login]:
    """Yield a function that makes a login with SQL and returns its URL; drop the logins at the end."""
    names: list[str] = []

    def make(*statements: str) -> str:
        names.append(f"boards_unsafe_{uuid4().hex[:8]}")
        names_in_sql = {"login": names[-1], "owner": DatabaseUrl.parse(migrated_url).user}
        send(superuser_url, *(sql.format(**names_in_sql) for sql in statements))
        return DatabaseUrl.parse(superuser_url).with_user(names[-1]).dsn

    yield make
    for name in names:
        send(superuser_url, f"DROP OWNED BY {name}")
        drop_member(superuser_url, name)


def send(url: str, *statements: str) -> None:
    """Send the statements in one transaction."""
    run_on(url, lambda connection: [connection.exec_driver_sql(sql) for sql in statements])


def enter(url: str) -> str:
    """Return the role that a tenant's session runs as."""

    async def role() -> str:
        engine = create_engine(url, pool=None)
        async with tenant_session(uuid4(), engine=engine) as session:
            return str((await session.execute(text("SELECT current_user"))).scalar_one())

    return asyncio.run(role())


MEMBER = "GRANT boards_app TO {login}"

UNSAFE = {
    "superuser": (("CREATE ROLE {login} LOGIN SUPERUSER",), "is a superuser"),
    "bypassrls": (("CREATE ROLE {login} LOGIN BYPASSRLS", MEMBER), "has BYPASSRLS"),
    "createrole": (("CREATE ROLE {login} LOGIN CREATEROLE", MEMBER), "has CREATEROLE"),
    "replication": (("CREATE ROLE {login} LOGIN REPLICATION", MEMBER), "has REPLICATION"),
    "member-of-owner": (
        ("CREATE ROLE {login} LOGIN", MEMBER, "GRANT {owner} TO {login}"),
        "can become {owner}, which owns the table public.alembic_version",
    ),
    "member-of-owner-noinherit": (
        ("CREATE ROLE {login} LOGIN NOINHERIT", MEMBER, "GRANT {owner} TO {login}"),
        "can become {owner}, which owns the table",
    ),
    "member-of-superuser": (
        ("CREATE ROLE {login} LOGIN", MEMBER, f"GRANT {SUPERUSER} TO {{login}}"),
        f"can become {SUPERUSER}, which is a superuser",
    ),
    "owns-a-table": (
        (
            "CREATE ROLE {login} LOGIN",
            MEMBER,
            "CREATE TABLE public.mine (id int)",
            "ALTER TABLE public.mine OWNER TO {login}",
        ),
        "owns the table public.mine",
    ),
    "owns-a-schema": (
        ("CREATE ROLE {login} LOGIN", MEMBER, "CREATE SCHEMA mine AUTHORIZATION {login}"),
        "owns the schema mine",
    ),
    "reads-files": (
        ("CREATE ROLE {login} LOGIN", MEMBER, "GRANT pg_read_server_files TO {login}"),
        "can become pg_read_server_files, which reaches the server's files and programs",
    ),
    "no-member": (("CREATE ROLE {login} LOGIN",), "cannot become boards_app"),
}


@pytest.mark.parametrize(("statements", "reason"), UNSAFE.values(), ids=UNSAFE)
def test_refused(statements: tuple[str, ...], reason: str, login: Login, migrated_url: str) -> None:
    """An unsafe login is refused at the first statement, by name and with the reason."""
    url = login(*statements)

    with pytest.raises(UnsafeLoginError) as caught:
        enter(url)

    expected = reason.format(owner=DatabaseUrl.parse(migrated_url).user)
    assert f"the login {DatabaseUrl.parse(url).user}: it {expected}" in caught.value.what
    assert "boards-migrate bootstrap --login" in caught.value.todo


MENDED = {
    "creates-in-public": (
        "GRANT CREATE ON SCHEMA public TO PUBLIC",
        "may create objects in the schema public",
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
    ),
    "creates-through-a-role": (
        "GRANT CREATE ON SCHEMA public TO boards_app",
        "may create objects in the schema public",
        "REVOKE CREATE ON SCHEMA public FROM boards_app",
    ),
    "creates-schemas": (
        "GRANT CREATE ON DATABASE {database} TO {login}",
        "may create schemas in {database}",
        "REVOKE CREATE ON DATABASE {database} FROM {login}",
    ),
    "settings": (
        "ALTER ROLE {login} SET synchronous_commit = off",
        "has settings of its own: synchronous_commit",
        "ALTER ROLE {login} RESET ALL",
    ),
    "settings-here": (
        "ALTER ROLE {login} IN DATABASE {database} SET search_path = elsewhere",
        "has settings of its own: search_path",
        "ALTER ROLE {login} IN DATABASE {database} RESET ALL",
    ),
}


@pytest.mark.parametrize(("statement", "reason", "remedy"), MENDED.values(), ids=MENDED)
def test_refused_until_it_is_mended(
    statement: str, reason: str, remedy: str, login: Login, superuser_url: str
) -> None:
    """A privilege or setting too much is refused; after the statement of the message it is not."""
    url = login("CREATE ROLE {login} LOGIN", MEMBER)
    target = DatabaseUrl.parse(url)
    names = {"login": target.user, "database": target.database}
    assert enter(url) == "boards_app"
    send(superuser_url, statement.format(**names))

    with pytest.raises(UnsafeLoginError) as caught:
        enter(url)

    assert reason.format(**names) in caught.value.what
    assert remedy.format(**names).partition(" FROM ")[0] in caught.value.todo
    send(superuser_url, remedy.format(**names))
    assert enter(url) == "boards_app"


def test_settings_elsewhere(login: Login, superuser_url: str) -> None:
    """A setting of the login in another database, or of the database itself, is no reason."""
    url = login("CREATE ROLE {login} LOGIN", MEMBER)
    target = DatabaseUrl.parse(url)
    send(
        superuser_url,
        f"ALTER ROLE {target.user} IN DATABASE postgres SET statement_timeout = '1s'",
        f"ALTER DATABASE {target.database} SET statement_timeout = '9s'",
    )

    assert enter(url) == "boards_app"


def test_login_changes_itself(login: Login, superuser_url: str) -> None:
    """What PostgreSQL lets SQL in a tenant's session do is noticed by the next connection.

    No privilege prevents it: a role may change its own settings and password. A timeout that ends
    each query of the check is named as well.
    """
    url = login("CREATE ROLE {login} LOGIN NOINHERIT", MEMBER)
    name = DatabaseUrl.parse(url).user

    async def attack() -> None:
        engine = create_engine(url, pool=None)
        async with tenant_session(uuid4(), engine=engine) as session:
            await session.execute(text("RESET ROLE"))
            await session.execute(text("ALTER ROLE CURRENT_USER SET transform_null_equals = on"))
            await session.execute(text("ALTER ROLE CURRENT_USER PASSWORD 'theirs'"))

    asyncio.run(attack())

    with pytest.raises(UnsafeLoginError, match="settings of its own: transform_null_equals"):
        enter(url)
    query = f"SELECT rolpassword IS NOT NULL FROM pg_authid WHERE rolname = '{name}'"
    changed = run_on(superuser_url, lambda one: one.exec_driver_sql(query).scalar_one())
    assert changed is True
    send(superuser_url, f"ALTER ROLE {name} SET statement_timeout = 1")
    with pytest.raises(UnsafeLoginError, match="statement_timeout"):
        enter(url)


def test_owner_refused(migrated_url: str) -> None:
    """The role that migrates owns the tables, and is refused for that."""
    with pytest.raises(UnsafeLoginError, match="owns the table public"):
        enter(migrated_url)


@pytest.mark.parametrize("inherit", ["INHERIT", "NOINHERIT"])
def test_safe(inherit: str, login: Login) -> None:
    """A login that is nothing but a member of boards_app is accepted."""
    url = login(f"CREATE ROLE {{login}} LOGIN {inherit}", MEMBER)

    assert enter(url) == "boards_app"


def test_membership_without_set(login: Login, superuser_url: str) -> None:
    """A membership that does not allow SET ROLE is none (PostgreSQL 16 and later)."""
    version = run_on(
        superuser_url,
        lambda connection: connection.exec_driver_sql("SHOW server_version_num").scalar_one(),
    )
    if int(version) < 160000:
        pytest.skip("memberships have no SET option before PostgreSQL 16")
    url = login("CREATE ROLE {login} LOGIN", f"{MEMBER} WITH SET FALSE")

    with pytest.raises(UnsafeLoginError, match="cannot become boards_app"):
        enter(url)


def test_nothing_is_left_of_a_refusal(login: Login) -> None:
    """A refused session leaves its connection usable and without a role or a tenant."""
    url = login("CREATE ROLE {login} LOGIN")

    async def refuse_twice_and_look() -> tuple[object, ...]:
        engine = create_engine(url)
        for _ in range(2):
            with pytest.raises(UnsafeLoginError):
                async with tenant_session(uuid4(), engine=engine) as session:
                    await session.execute(text("SELECT 1"))
        async with engine.connect() as connection:
            look = "SELECT current_user = session_user, current_setting('app.tenant_id', true)"
            left = (await connection.execute(text(look))).one()
        await engine.dispose()
        return tuple(left)

    assert asyncio.run(refuse_twice_and_look()) == (True, None)


async def test_judged_once_a_connection(app_url: str) -> None:
    """A login is checked when a connection is new, not in each transaction."""
    engine = create_engine(app_url)
    seen: list[str] = []
    event.listen(
        engine.sync_engine, "before_cursor_execute", lambda *call: seen.append(str(call[2]))
    )

    for _ in range(3):
        async with tenant_session(uuid4(), engine=engine) as session:
            await session.execute(text("SELECT 1"))
    await engine.dispose()

    assert sum("pg_has_role" in statement for statement in seen) == 1
    assert sum("SET LOCAL ROLE" in statement for statement in seen) == 3
