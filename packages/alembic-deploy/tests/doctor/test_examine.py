"""All checks run, whatever one of them meets, and the report says what they found."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from alembic_deploy import doctor
from alembic_deploy.connect import run_on
from alembic_deploy.doctor.check import IDS, Expectations
from alembic_deploy.doctor.examine import CHECKS, examine, render
from alembic_deploy.doctor.tables import row_security_off
from alembic_deploy.finding import Finding
from alembic_deploy.url import DatabaseUrl

if TYPE_CHECKING:
    from tests.doctor.conftest import Database, MakeRole

FOUND = Finding(id="rls-off", what="it is off", where="table public.shops", todo="turn it on")


def needs_a_privilege(connection: Connection, _: Expectations) -> Iterator[Finding]:
    """Read what only a superuser may read."""
    connection.execute(text("SELECT rolpassword FROM pg_catalog.pg_authid"))
    yield FOUND


def writes(connection: Connection, _: Expectations) -> Iterator[Finding]:
    """Change the database, as no check may."""
    connection.execute(text("CREATE TABLE public.made_by_a_check (id integer)"))
    yield FOUND


def test_a_check_without_the_privilege_hides_no_other(database: Database) -> None:
    """It is a finding itself, and the one behind it is made."""
    database.send("CREATE TABLE shops (id integer)", "CREATE POLICY all_rows ON shops USING (true)")

    def work(connection: Connection) -> tuple[Finding, ...]:
        return examine(connection, checks=(needs_a_privilege, row_security_off))

    first, second = run_on(database.url, work)

    assert first.id == "not-checked"
    assert first.what.startswith("the check of needs a privilege failed: permission denied")
    assert second.id == "rls-off"


def test_a_check_cannot_write(database: Database) -> None:
    """Its transaction is read-only."""
    (found,) = run_on(database.url, lambda opened: examine(opened, checks=(writes,)))

    assert "read-only transaction" in found.what


def test_a_lost_connection_is_no_finding(database: Database) -> None:
    """It ends the examination: nothing more can be found."""

    def ends(connection: Connection, _: Expectations) -> Iterator[Finding]:
        connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
        yield FOUND

    with pytest.raises(DBAPIError):
        run_on(database.url, lambda opened: examine(opened, checks=(ends,)))


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
def test_a_login_that_may_little(database: Database, make_role: MakeRole, driver: str) -> None:
    """Every check can be made by any login, over each driver, and leaves no transaction."""
    database.send("CREATE TABLE shops (id integer, tenant_id integer)")
    url = DatabaseUrl.parse(database.url).with_user(login := make_role()).text
    url = url.replace("postgresql://", f"postgresql+{driver}://")
    expected = Expectations(app_login=login, app_role=database.owner, tenant_column="tenant_id")

    def work(connection: Connection) -> list[str]:
        found = examine(connection, expected=expected)
        assert not connection.in_transaction()
        return [one.id for one in found]

    assert run_on(url, work) == ["rls-off", "app-login-no-member"]


def test_the_report_for_a_terminal() -> None:
    """The number, then each with its place and its help; or that nothing is wrong."""
    assert render((), database="shop") == "nothing is wrong with shop"
    assert render((FOUND, FOUND), database="shop").splitlines()[:5] == [
        "2 things are wrong with shop",
        "",
        "rls-off: it is off",
        "  where: table public.shops",
        "  help: turn it on",
    ]


def test_the_report_as_json() -> None:
    """One document, also without a finding."""
    document = json.loads(render((FOUND,), database="shop", output="json"))

    assert document == {
        "database": "shop",
        "findings": [
            {
                "id": "rls-off",
                "what": "it is off",
                "where": "table public.shops",
                "todo": "turn it on",
            }
        ],
    }
    assert json.loads(render((), database="shop", output="json"))["findings"] == []


def test_every_id_is_in_the_table() -> None:
    """`--ignore` takes it, and the reference explains it."""
    folder = Path(doctor.__file__).parent
    used = {
        name
        for path in folder.glob("*.py")
        for line in re.findall(r"^ +id=(.*),$", path.read_text("utf-8"), re.MULTILINE)
        for name in re.findall(r'"([a-z-]+)"', line)
    }

    assert used == set(IDS)


def test_every_check_is_described() -> None:
    """Its name is in the message of one that fails, its docstring says what it yields."""
    assert all((check.__doc__ or "").startswith("Yield ") for check in CHECKS)
