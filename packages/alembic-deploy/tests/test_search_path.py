"""Nobody else can have a migration execute SQL of theirs."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from alembic.command import upgrade
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from alembic_deploy.bootstrap import Bootstrap
from alembic_deploy.connect import run_on
from alembic_deploy.search_path import (
    WritableSchema,
    guard_script,
    planted_objects,
    writable_schemas,
)
from alembic_deploy.server_message import server_message
from alembic_deploy.url import DatabaseUrl

if TYPE_CHECKING:
    from tests.conftest import Project

JSON = """
CREATE FUNCTION public.jsonb_build_object(a text, b jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
    CREATE TABLE public.taken AS SELECT current_user AS by;
    RETURN '{}';
END $$
"""
USE_JSON = "op.execute(\"SELECT jsonb_build_object('a'::text, '{}'::jsonb)\")"


@pytest.fixture
def stranger(server_url: str) -> Iterator[str]:
    """Yield the name of a login, which is dropped after the database where it has something."""
    name = f"proof_{secrets.token_hex(6)}"
    send(server_url, f"CREATE ROLE {name} LOGIN")
    yield name
    send(server_url, f"DROP ROLE {name}")


@pytest.fixture
def attacker(stranger: str, scratch_url: str) -> str:
    """Return the URL of a login that may create objects in public, as everybody once could."""
    send(scratch_url, "GRANT CREATE ON SCHEMA public TO PUBLIC")
    return DatabaseUrl.parse(scratch_url).with_user(stranger).dsn


def disown(connection: Connection) -> None:
    """Drop what the connection's role owns in its database."""
    connection.exec_driver_sql("DROP OWNED BY CURRENT_USER")


def send(url: str, *statements: str) -> None:
    """Send the statements in one transaction."""
    run_on(url, lambda connection: [connection.exec_driver_sql(sql) for sql in statements])


def close(url: str) -> None:
    """Take the right to create objects in public away from everybody."""
    send(url, "REVOKE CREATE ON SCHEMA public FROM PUBLIC")


def found(url: str) -> list[str]:
    """Return the objects that others own and a migration could use."""
    return [f"{one.kind} {one.identity}" for one in run_on(url, planted_objects)]


def user(url: str) -> str:
    """Return the URL's login."""
    return str(DatabaseUrl.parse(url).user)


def test_public_is_writable(attacker: str, project: Project) -> None:
    """A schema where everybody may create objects is found; after the statement it is not."""
    assert attacker
    (found_one,) = run_on(project.url, writable_schemas)
    assert found_one == WritableSchema("public", "PUBLIC")

    send(project.url, found_one.revoke)

    assert run_on(project.url, writable_schemas) == ()


def test_other_schemas_of_the_path(attacker: str, project: Project) -> None:
    """The whole search_path is looked at, and no schema beside it; names are quoted."""
    close(project.url)
    grant = f'GRANT CREATE ON SCHEMA "my app" TO {user(attacker)}'
    send(project.url, 'CREATE SCHEMA "my app"', grant)

    def look(connection: Connection) -> tuple[WritableSchema, ...]:
        connection.exec_driver_sql('SET search_path = public, "my app"')
        return writable_schemas(connection)

    assert run_on(project.url, writable_schemas) == ()
    assert run_on(project.url, look) == (WritableSchema('"my app"', user(attacker)),)


def test_own_roles_are_no_danger(attacker: str, project: Project, server_url: str) -> None:
    """What the migration's own role, or a role that it is a member of, may do is no finding."""
    close(project.url)
    send(project.url, f"GRANT CREATE ON SCHEMA public TO CURRENT_USER, {user(attacker)}")
    assert [one.role for one in run_on(project.url, writable_schemas)] == [user(attacker)]

    send(server_url, f"GRANT {user(attacker)} TO CURRENT_USER")

    assert run_on(project.url, writable_schemas) == ()


PLANTED = {
    "function": (JSON, "function public.jsonb_build_object(pg_catalog.text,pg_catalog.jsonb)"),
    "operator": (
        "CREATE OPERATOR public.? (LEFTARG = jsonb, RIGHTARG = jsonb, FUNCTION = pg_catalog.jsonb_eq)",
        "operator public.?(pg_catalog.jsonb,pg_catalog.jsonb)",
    ),
    "aggregate": (
        "CREATE AGGREGATE public.array_agg (uuid) (SFUNC = array_append, STYPE = uuid[])",
        "aggregate public.array_agg(pg_catalog.uuid)",
    ),
    "version-table": (
        "CREATE TABLE public.alembic_version (version_num text)",
        "table public.alembic_version",
    ),
    "version-view": (
        "CREATE VIEW public.alembic_version AS SELECT 'x' AS version_num",
        "view public.alembic_version",
    ),
}


@pytest.mark.parametrize(("statement", "expected"), PLANTED.values(), ids=PLANTED)
def test_planted(statement: str, expected: str, attacker: str, project: Project) -> None:
    """An object of another role is found; the control is the owner's own, which is not."""
    send(attacker, statement)
    close(project.url)

    assert found(project.url) == [expected]

    run_on(attacker, disown)
    send(project.url, statement)
    assert found(project.url) == []


def test_overload_of_an_own_function(attacker: str, project: Project) -> None:
    """An overload of a function of the project's is found; a function of another name is not."""
    body = "RETURNS int LANGUAGE sql AS 'SELECT 1'"
    send(project.url, f"CREATE FUNCTION public.slug(text) {body}")
    send(
        attacker,
        f"CREATE FUNCTION public.slug(varchar) {body}",
        f"CREATE FUNCTION public.unrelated(int) {body}",
    )

    assert found(project.url) == ["function public.slug(character varying)"]


def test_function_of_an_extension(attacker: str, project: Project) -> None:
    """Functions of an extension, which a superuser owns, are none."""
    assert attacker
    send(project.url, "CREATE EXTENSION citext SCHEMA public")

    assert found(project.url) == []


def test_upgrade_that_would_run_it(attacker: str, project: Project) -> None:
    """With a planted function no migration runs; the control is Alembic without the check."""
    project.add("use json", upgrade=USE_JSON)
    send(attacker, JSON)

    for command in ("upgrade", "stamp"):
        message = project.failure(command, "head")
        assert "another role owns what this migration could execute" in message
        assert (
            f"public.jsonb_build_object(pg_catalog.text,pg_catalog.jsonb) of {user(attacker)}"
            in message
        )
    close(project.url)
    assert "another role owns" in project.failure("upgrade", "head")
    assert project.tables == set()

    def upgrade_without_check(connection: Connection) -> None:
        config = project.config()
        config.attributes["connection"] = connection
        upgrade(config, "head")

    run_on(project.url, upgrade_without_check)
    assert project.query("SELECT by FROM public.taken") == [user(project.url)]


def test_upgrade_of_an_open_database(attacker: str, project: Project) -> None:
    """While others may create objects nothing runs; the message has the statement that ends it."""
    assert attacker
    project.add("create a table", upgrade='op.execute("CREATE TABLE boxes (id int)")')

    message = project.failure("upgrade", "head")

    assert "schema public: PUBLIC may CREATE" in message
    assert project.tables == set()
    assert "alembic_version" not in project.query("SELECT relname FROM pg_class")
    send(project.url, next(line for line in message.splitlines() if "REVOKE" in line))
    project.alembic("upgrade", "head")
    assert project.tables == {"boxes"}


def test_bootstrap_may_close_it(attacker: str, project: Project) -> None:
    """The bootstrap runs before the refusal; one that does not close the schema changes nothing."""
    assert attacker
    project.add("create a table", upgrade='op.execute("CREATE TABLE boxes (id int)")')
    project.arguments["bootstrap"] = Bootstrap(("SELECT 1",), "SELECT false")
    assert "PUBLIC may CREATE" in project.failure("upgrade", "head")

    project.arguments["bootstrap"] = Bootstrap(
        ("REVOKE CREATE ON SCHEMA public FROM PUBLIC",), "SELECT false"
    )
    project.alembic("upgrade", "head")

    assert project.tables == {"boxes"}


def test_reading_commands_go_on(attacker: str, project: Project) -> None:
    """`current` and `history` execute nothing of a revision, and say what they know."""
    assert attacker
    project.add("create a table", upgrade='op.execute("CREATE TABLE boxes (id int)")')

    assert "base" in project.alembic("current")


@pytest.mark.parametrize("command", ["upgrade", "downgrade"])
def test_script_refuses_too(command: str, attacker: str, project: Project) -> None:
    """A script begins with the same check: it ends before its first revision."""
    project.add("create a table", upgrade='op.execute("CREATE TABLE boxes (id int)")')
    script = project.alembic(command, "base:r1" if command == "upgrade" else "r1:base", sql=True)
    guard = guard_script().partition("$guard$")[0]
    assert script.index(guard) < script.index("alembic_version", script.index("$guard$;"))

    assert "REVOKE CREATE ON SCHEMA public FROM PUBLIC" in refusal(project.url)
    close(project.url)
    assert refusal(project.url) == ""
    send(project.url, "GRANT CREATE ON SCHEMA public TO PUBLIC")
    send(attacker, JSON)
    close(project.url)
    assert "another role owns what the script could call: function" in refusal(project.url)


def refusal(url: str) -> str:
    """Return the message and the hint with which the script's check refuses; empty if it does not."""
    try:
        send(url, guard_script().rstrip(";"))
    except DBAPIError as error:
        message = server_message(error)
        assert message is not None
        assert message.sqlstate == "42501"
        return f"{message.one_line} {message.hint}"
    return ""
