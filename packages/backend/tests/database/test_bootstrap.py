"""The bootstrap closes a database: others can neither plant functions in it nor connect to it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from sqlalchemy.engine import Connection

from alembic_deploy.bootstrap import apply_bootstrap
from alembic_deploy.connect import run_on
from alembic_deploy.errors import ServerError
from alembic_deploy.search_path import writable_schemas
from alembic_deploy.url import DatabaseUrl
from boards.database.roles import bootstrap_of
from packages.backend.tests.database.two_tenants import SUPERUSER

CAN_CREATE = "SELECT has_schema_privilege('public', 'CREATE')"


@pytest.fixture
def logins(server_url: str) -> Iterator[tuple[str, ...]]:
    """Yield the names of three logins, which are dropped after the database of the test."""
    names = tuple(f"boards_test_{uuid4().hex[:8]}" for _ in range(3))
    for name in names:
        send(server_url, f"CREATE ROLE {name} LOGIN")
    yield names
    for name in names:
        send(server_url, f"DROP ROLE {name}")


@pytest.fixture
def database(logins: tuple[str, ...], scratch_url: str) -> str:
    """Return the URL of a database in which these logins may have privileges."""
    assert logins
    return scratch_url


@pytest.fixture
def admin(database: str) -> str:
    """Return the URL of a superuser."""
    url = as_login(database, SUPERUSER)
    try:
        run_on(url, lambda connection: connection.exec_driver_sql("SELECT 1"))
    except ServerError:
        pytest.skip("the scratch server is another's: it has no superuser for us")
    return url


def send(url: str, *statements: str) -> None:
    """Send the statements in one transaction."""
    run_on(url, lambda connection: [connection.exec_driver_sql(sql) for sql in statements])


def ask(url: str, query: str) -> object:
    """Return the query's only value."""
    return run_on(url, lambda connection: connection.exec_driver_sql(query).scalar_one())


def as_login(url: str, login: str) -> str:
    """Return the same URL for another login."""
    return DatabaseUrl.parse(url).with_user(login).dsn


def connects(url: str) -> bool:
    """Return whether PostgreSQL admits the URL's login."""
    try:
        return ask(url, "SELECT true") is True
    except ServerError as error:
        if "may not connect to this database" not in str(error):
            raise
        return False


def test_public_of_an_upgraded_cluster(admin: str, database: str) -> None:
    """A superuser closes public as PostgreSQL 14 made it; the database's owner can still create."""
    send(admin, "ALTER SCHEMA public OWNER TO postgres", "GRANT ALL ON SCHEMA public TO PUBLIC")
    assert len(run_on(database, writable_schemas)) == 1
    bootstrap = bootstrap_of(None)

    by_owner = apply_bootstrap(database, bootstrap)
    assert len(run_on(database, writable_schemas)) == 1  # it is not the owner's to close
    by_admin = apply_bootstrap(admin, bootstrap)

    assert (by_owner, by_admin) == (False, True)
    assert run_on(database, writable_schemas) == ()
    send(database, "CREATE TABLE public.still (id int)")
    assert apply_bootstrap(admin, bootstrap) is False


def test_public_that_the_owner_may_close(database: str, logins: tuple[str, ...]) -> None:
    """Where the database's owner owns public, an upgrade's bootstrap closes it."""
    send(database, "GRANT CREATE ON SCHEMA public TO PUBLIC")
    attacker = as_login(database, logins[0])
    assert ask(attacker, CAN_CREATE) is True

    assert apply_bootstrap(database, bootstrap_of(None)) is True

    assert ask(attacker, CAN_CREATE) is False


def test_who_may_connect(database: str, logins: tuple[str, ...]) -> None:
    """Only the application's login and the owner may connect; before it was everybody."""
    ours, other, of_another_application = logins
    assert connects(as_login(database, of_another_application))

    assert apply_bootstrap(database, bootstrap_of(ours)) is True
    assert connects(as_login(database, of_another_application))  # an upgrade takes nothing away
    for login in (ours, other):
        assert apply_bootstrap(database, bootstrap_of(login, closes_database=True)) is True

    assert [connects(as_login(database, login)) for login in logins] == [True, True, False]
    assert connects(database)
    for login in (ours, other):
        assert apply_bootstrap(database, bootstrap_of(login, closes_database=True)) is False


def test_eight_at_once(database: str, logins: tuple[str, ...]) -> None:
    """Eight bootstraps of the same database at the same moment all succeed."""
    send(database, "GRANT CREATE ON SCHEMA public TO PUBLIC")
    bootstrap = bootstrap_of(logins[0], closes_database=True)

    with ThreadPoolExecutor(8) as threads:
        tuple(threads.map(lambda _: apply_bootstrap(database, bootstrap), range(8)))

    assert apply_bootstrap(database, bootstrap) is False


def test_databases_of_the_server_stay_open(server_url: str, logins: tuple[str, ...]) -> None:
    """Run by mistake in `postgres`, it takes nobody's connection away."""
    if DatabaseUrl.parse(server_url).database != "postgres":
        pytest.skip("the server is another's")
    name = logins[0]

    def run_and_roll_back(connection: Connection) -> bool:
        for statement in bootstrap_of(name, closes_database=True).statements:
            connection.exec_driver_sql(statement)
        query = "SELECT has_database_privilege('public', current_database(), 'CONNECT')"
        may_connect = bool(connection.exec_driver_sql(query).scalar_one())
        connection.rollback()
        return may_connect

    assert run_on(as_login(server_url, SUPERUSER), run_and_roll_back)
