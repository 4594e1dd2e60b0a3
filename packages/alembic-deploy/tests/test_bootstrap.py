"""The bootstrap: before the first revision, only where it is needed, safe for eight at once."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from alembic.command import upgrade
from alembic.util import CommandError
from sqlalchemy.engine import Connection

from alembic_deploy.bootstrap import Bootstrap, apply_bootstrap
from alembic_deploy.connect import run_on
from alembic_deploy.errors import DatabaseError, ServerError
from alembic_deploy.url import DatabaseUrl

if TYPE_CHECKING:
    from tests.conftest import Project


@pytest.fixture
def role(server_url: str) -> Iterator[str]:
    """Yield the name of a role that no other test has; it is gone at the end."""
    name = f"proof_{secrets.token_hex(6)}"
    yield name
    run_on(server_url, lambda connection: connection.exec_driver_sql(f"DROP ROLE IF EXISTS {name}"))


@pytest.fixture
def bootstrap(role: str) -> Bootstrap:
    """Return a bootstrap that creates the role and grants it to its creator."""
    return Bootstrap(
        statements=(
            f"""
                DO $$ BEGIN
                    CREATE ROLE {role};
                EXCEPTION WHEN duplicate_object OR unique_violation THEN
                    NULL;
                END $$
            """,
            f"GRANT {role} TO CURRENT_USER;",
            "SELECT 'a per cent sign % and a colon :here'",
        ),
        ready=f"SELECT count(*) = 1 FROM pg_roles WHERE rolname = '{role}' AND pg_has_role(oid, 'USAGE')",
    )


@pytest.fixture
def stranger(server_url: str, scratch_url: str) -> Iterator[str]:
    """Yield the URL of a login that may do nothing but connect."""
    name = f"proof_{secrets.token_hex(6)}"
    run_on(server_url, lambda connection: connection.exec_driver_sql(f"CREATE ROLE {name} LOGIN"))
    yield DatabaseUrl.parse(scratch_url).with_user(name).text
    run_on(server_url, lambda connection: connection.exec_driver_sql(f"DROP ROLE {name}"))


def has_role(project: Project, role: str) -> bool:
    """Whether the cluster has the role."""
    return bool(project.query(f"SELECT true FROM pg_roles WHERE rolname = '{role}'"))


def test_upgrade_sends_it_before_the_first_revision(
    project: Project, bootstrap: Bootstrap, role: str
) -> None:
    """A revision may grant to a role that the bootstrap makes; without it, it fails."""
    project.add("grant", upgrade=f'op.execute("GRANT USAGE ON SCHEMA public TO {role}")')
    with pytest.raises(CommandError, match="42704"):
        project.alembic("upgrade", "head")
    project.arguments["bootstrap"] = bootstrap

    project.alembic("upgrade", "head")

    assert has_role(project, role)
    project.alembic("downgrade", "base")
    project.execute(f"REVOKE USAGE ON SCHEMA public FROM {role}")


@pytest.mark.parametrize(
    ("command", "revision"),
    [("current", ()), ("stamp", ("head",)), ("downgrade", ("base",)), ("history", ())],
)
def test_other_commands_do_not_send_it(
    tracks: Project, bootstrap: Bootstrap, role: str, command: str, revision: tuple[str, ...]
) -> None:
    """Only an upgrade needs it."""
    tracks.alembic("upgrade", "head")
    tracks.arguments["bootstrap"] = bootstrap

    tracks.alembic(command, *revision)

    assert not has_role(tracks, role)


def test_upgrade_with_nothing_to_do_sends_it(
    tracks: Project, bootstrap: Bootstrap, role: str
) -> None:
    """A database that moved to a cluster without the role gets it with the next upgrade."""
    tracks.alembic("upgrade", "head")
    tracks.arguments["bootstrap"] = bootstrap

    tracks.alembic("upgrade", "head")

    assert has_role(tracks, role)


def test_it_is_sent_once(scratch_url: str, bootstrap: Bootstrap) -> None:
    """`apply_bootstrap` says whether there was anything to do."""
    assert apply_bootstrap(scratch_url, bootstrap) is True
    assert apply_bootstrap(scratch_url, bootstrap) is False


def test_ready_needs_no_right(tracks: Project, stranger: str, bootstrap: Bootstrap) -> None:
    """After a DBA ran it, a login without the right passes; before, it does not."""
    done = Bootstrap(bootstrap.statements, "SELECT true")

    assert apply_bootstrap(stranger, done) is False
    with pytest.raises(DatabaseError):
        apply_bootstrap(stranger, bootstrap)


def test_without_the_right(
    project: Project, stranger: str, bootstrap: Bootstrap, role: str
) -> None:
    """It stops, prints the statements for a DBA as SQL, and has changed nothing."""
    project.add("nothing")
    project.url = stranger
    project.arguments["bootstrap"] = bootstrap

    with pytest.raises(CommandError) as caught:
        project.alembic("upgrade", "head")

    text = str(caught.value)
    assert "no right to prepare the database" in text
    assert "SQLSTATE 42501" in text
    assert f"{bootstrap.statements[0].strip()};\n\nGRANT {role} TO CURRENT_USER;\n" in text
    assert not has_role(project, role)
    assert project.query("SELECT count(*) FROM pg_class WHERE relname = 'alembic_version'") == [0]


def test_failing_statement(scratch_url: str, role: str, project: Project) -> None:
    """The error has its SQLSTATE; earlier statements stay, as with psql."""
    broken = Bootstrap((f"CREATE ROLE {role}", "SELECT 1 / 0"), "SELECT false")

    with pytest.raises(DatabaseError, match=r"could not be prepared: division by zero .*22012"):
        apply_bootstrap(scratch_url, broken)

    assert has_role(project, role)


def test_eight_at_once(scratch_url: str, bootstrap: Bootstrap) -> None:
    """Eight sessions that begin together all succeed."""
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: apply_bootstrap(scratch_url, bootstrap), range(8)))

    assert any(results)
    assert apply_bootstrap(scratch_url, bootstrap) is False


def test_no_server(bootstrap: Bootstrap) -> None:
    """A server that is down is the usual ServerError."""
    with pytest.raises(ServerError):
        apply_bootstrap("postgresql:///x?host=/nowhere", bootstrap)


def test_callable_gets_no_login_of_a_named_database(tracks: Project, bootstrap: Bootstrap) -> None:
    """A callable is asked with None for any database but the local one."""
    asked: list[str | None] = []

    def make(login: str | None) -> Bootstrap:
        asked.append(login)
        return bootstrap

    tracks.arguments["bootstrap"] = make

    tracks.alembic("upgrade", "head")

    assert asked == [None]


def test_bootstrap_belongs_to_the_callers_transaction(
    project: Project, bootstrap: Bootstrap, role: str
) -> None:
    """On a connection that was handed over, it belongs to that transaction."""
    project.add("nothing")
    project.arguments["bootstrap"] = bootstrap

    def upgrade_and_roll_back(connection: Connection) -> None:
        connection.exec_driver_sql("SELECT 1")
        config = project.config()
        config.attributes["connection"] = connection
        upgrade(config, "head")
        connection.rollback()

    run_on(project.url, upgrade_and_roll_back)

    assert not has_role(project, role)
