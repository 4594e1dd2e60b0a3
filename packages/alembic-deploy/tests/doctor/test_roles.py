"""What the application's login may do too much, and what its role may do too little."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from alembic_deploy.doctor.check import Expectations, Grant
from alembic_deploy.url import DatabaseUrl

if TYPE_CHECKING:
    from tests.doctor.conftest import Database, MakeRole


def of_login(database: Database, login: str, app_role: str | None = None) -> list[str]:
    """Return what is wrong with an application's login."""
    return [one.what for one in database.examine(Expectations(app_login=login, app_role=app_role))]


def test_a_login_that_owns_nothing(database: Database, make_role: MakeRole) -> None:
    """It is as it should be."""
    database.send("CREATE TABLE shops (id integer)")

    assert of_login(database, make_role()) == []


def test_a_login_that_does_not_exist(database: Database) -> None:
    """A name that is misspelt is no login without faults."""
    assert of_login(database, "nobody_here") == [
        "the application's login nobody_here does not exist"
    ]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ("SUPERUSER", "is a superuser"),
        ("BYPASSRLS", "has BYPASSRLS"),
        ("CREATEROLE", "has CREATEROLE"),
        ("REPLICATION", "has REPLICATION"),
        ("IN ROLE pg_write_server_files", "can become pg_write_server_files, which reaches the"),
    ],
)
def test_an_attribute_that_bypasses_policies(
    database: Database, superuser: Database, make_role: MakeRole, options: str, why: str
) -> None:
    """Each is named once, also for a superuser, who is a member of every role."""
    (found,) = of_login(database, make_role(f"LOGIN {options}", by=superuser))

    assert found.startswith(f"the application's login {why}")


def test_the_owner_of_tables(database: Database) -> None:
    """An owner bypasses row-level security, and may turn it off, or replace a function."""
    database.send("CREATE TABLE shops (id serial)", "CREATE TABLE sales (id integer)")
    database.send("CREATE FUNCTION f(integer) RETURNS integer LANGUAGE sql AS 'SELECT $1'")

    found = of_login(database, database.owner)

    assert "the application's login owns tables (2), such as public.sales" in found
    assert "the application's login owns functions (1), such as public.f(integer)" in found
    assert not any("sequences" in one for one in found)


def test_a_member_of_the_owner(
    database: Database, superuser: Database, make_role: MakeRole
) -> None:
    """It can become the owner."""
    database.send("CREATE TABLE shops (id integer)")
    login = make_role(by=superuser)
    superuser.send(f"GRANT {database.owner} TO {login}")

    found = of_login(database, login)

    assert found[0].startswith(
        f"the application's login can become {database.owner}, which owns tables (1), such as"
    )


def test_settings_that_the_login_has_made(database: Database, make_role: MakeRole) -> None:
    """A login may change its own; they are named, and RESET ALL ends them."""
    login = make_role()
    as_login = DatabaseUrl.parse(database.url).with_user(login).dsn
    type(database)(as_login).send("ALTER ROLE CURRENT_USER SET statement_timeout = '1ms'")

    (found,) = of_login(database, login)

    assert found.endswith("begins with statement_timeout=1ms")
    database.send(f"ALTER ROLE {login} RESET ALL")
    assert of_login(database, login) == []


def test_a_login_that_is_no_member(database: Database, make_role: MakeRole) -> None:
    """It cannot SET ROLE; a member can."""
    login, role = make_role(), make_role("NOLOGIN")
    (found,) = of_login(database, login, app_role=role)
    assert found == f"the application's login cannot SET ROLE {role}, which has the privileges"

    database.send(f"GRANT {role} TO {login}")

    assert of_login(database, login, app_role=role) == []


def test_a_role_that_may_read_nothing(database: Database, make_role: MakeRole) -> None:
    """As where another role was granted what the revisions grant."""
    role = make_role("NOLOGIN")
    expected = Expectations(app_role=role)
    assert database.examine(expected) == ()
    database.send("CREATE TABLE shops (id integer)")
    assert [one.id for one in database.examine(expected)] == ["missing-grant"]

    database.send(f"GRANT SELECT ON shops TO {role}")

    assert database.examine(expected) == ()


def test_a_role_that_may_not_use_the_schema(database: Database, make_role: MakeRole) -> None:
    """A grant on a table alone is of no use."""
    role = make_role("NOLOGIN")
    database.send("CREATE SCHEMA app CREATE TABLE shops (id integer)")
    database.send(f"GRANT SELECT ON app.shops TO {role}")
    expected = Expectations(app_role=role)

    (found,) = database.examine(expected)

    assert (found.id, found.where) == ("missing-grant", "schema app")
    database.send(found.todo)
    assert database.examine(expected) == ()


def test_grants_that_the_models_declare(database: Database, make_role: MakeRole) -> None:
    """Each missing privilege is named; a table that no revision has made yet is none."""
    role = make_role("NOLOGIN")
    grants = (
        Grant(role=role, table="public.shops", privileges=("SELECT", "INSERT", "DELETE")),
        Grant(role=role, table="public.later", privileges=("SELECT",)),
    )
    database.send("CREATE TABLE shops (id integer)", f"GRANT SELECT ON shops TO {role}")

    (found,) = database.examine(Expectations(app_role=role, grants=grants))

    assert found.what == f"{role} lacks INSERT, DELETE, which the models declare"
    database.send(found.todo.partition(", unless")[0])
    assert database.examine(Expectations(app_role=role, grants=grants)) == ()


def test_a_role_that_does_not_exist(database: Database) -> None:
    """The bootstrap makes it."""
    found = database.examine(Expectations(app_role="nobody_here"))

    assert [one.id for one in found] == ["app-role-missing"]


def test_a_schema_in_which_others_may_create(database: Database) -> None:
    """As in a cluster that comes from PostgreSQL 14; the help closes it."""
    database.send("GRANT CREATE ON SCHEMA public TO PUBLIC")

    (found,) = database.examine()

    assert (found.id, found.where) == ("schema-writable", "schema public")
    database.send(found.todo)
    assert database.examine() == ()


def test_a_planted_function(database: Database, make_role: MakeRole) -> None:
    """It stays when the schema is closed; the examination itself does not call it."""
    login = make_role()
    database.send(f"GRANT CREATE ON SCHEMA public TO {login}")
    planted = """
        CREATE FUNCTION public.format(a text, b name, c name) RETURNS text LANGUAGE plpgsql AS $$
        BEGIN RAISE 'planted'; END $$
    """
    type(database)(DatabaseUrl.parse(database.url).with_user(login).dsn).send(planted)
    database.send(f"REVOKE CREATE ON SCHEMA public FROM {login}", "CREATE TABLE t (id integer)")
    database.send("ALTER TABLE t ENABLE ROW LEVEL SECURITY")

    assert [one.id for one in database.examine()] == ["planted-object", "rls-without-policy"]
