"""`--sql`: scripts that somebody else runs."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from alembic.util import CommandError
from sqlalchemy.engine import Connection

from alembic_proof.env import Bootstrap
from alembic_proof.postgres.connect import run_on

BOOTSTRAP = Bootstrap(("CREATE SCHEMA IF NOT EXISTS roles;", "SELECT 1"), "SELECT false")


def with_psql(sql: str, url: str) -> None:
    """Run the script as a DBA does."""
    if shutil.which("psql") is None:
        pytest.skip("there is no psql")
    command = ["psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", f"--dbname={url}"]
    subprocess.run(command, input=sql, text=True, check=True, capture_output=True)


def by_statement(sql: str, url: str) -> None:
    """Run the script's statements one after the other, as a program without psql does."""

    def send(connection: Connection) -> None:
        for statement in sql.split(";\n\n"):
            if statement.strip():
                connection.exec_driver_sql(statement)

    run_on(url, send, autocommit=True)


@pytest.fixture(params=[with_psql, by_statement], ids=["psql", "statements"])
def apply(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Runs a script on an URL's database."""
    function: Callable[[str, str], None] = request.param
    return function


def test_upgrade_script_builds_what_upgrade_builds(tracks: Any, apply: Callable[..., None]) -> None:
    """Psql applies `upgrade head --sql` leaves the database at head."""
    apply(tracks.alembic("upgrade", "head", sql=True), tracks.url)

    assert tracks.tables == {"tracks"}
    assert "nothing to do" in tracks.alembic("upgrade", "head")
    comment = "SELECT col_description('tracks'::regclass, 3)".replace("::", r"\:\:")
    assert tracks.query(comment) == ["seconds, 100% of them; 1:2"]


def test_downgrade_script_takes_it_back(tracks: Any, apply: Callable[..., None]) -> None:
    """Psql applies `downgrade head:base --sql` leaves nothing but the empty version table."""
    tracks.alembic("upgrade", "head")

    apply(tracks.alembic("downgrade", "head:base", sql=True), tracks.url)

    assert tracks.tables == set()
    assert tracks.query("SELECT count(*) FROM alembic_version") == [0]


def test_script_goes_to_public(tracks: Any, apply: Callable[..., None]) -> None:
    """A schema that bears the login's name stays empty."""
    tracks.execute("CREATE SCHEMA AUTHORIZATION CURRENT_USER")

    apply(tracks.alembic("upgrade", "head", sql=True), tracks.url)

    assert tracks.tables == {"tracks"}


def test_scripts_need_no_database(tracks: Any) -> None:
    """Both directions are written without a server, a URL or a checkout's default."""
    tracks.url = ""

    assert "CREATE TABLE tracks" in tracks.alembic("upgrade", "head", sql=True)
    assert "DROP TABLE tracks" in tracks.alembic("downgrade", "head:base", sql=True)


def test_script_holds_nothing_but_sql(tracks: Any) -> None:
    """No line of progress gets into it."""
    sql = tracks.alembic("upgrade", "head", sql=True)

    assert "database:" not in sql
    assert " s\n" not in sql
    assert sql.startswith("SET lock_timeout = '5s';\n")


def test_lock_timeout_is_quoted(tracks: Any) -> None:
    """Whatever the argument is, it stays one literal."""
    tracks.arguments["lock_timeout"] = "5s'; DROP TABLE x; --"

    assert "'5s''; DROP TABLE x; --';\n" in tracks.alembic("upgrade", "head", sql=True)


def test_bootstrap_comes_first(tracks: Any) -> None:
    """A script from base begins with the bootstrap, before any transaction."""
    tracks.arguments["bootstrap"] = BOOTSTRAP

    sql = tracks.alembic("upgrade", "head", sql=True)

    assert sql.startswith("CREATE SCHEMA IF NOT EXISTS roles;\n\nSELECT 1;\n\nSET lock_timeout")


@pytest.mark.parametrize(
    ("command", "revisions"), [("upgrade", "aaaaaaaaaaaa:head"), ("downgrade", "head:base")]
)
def test_bootstrap_only_from_base_upwards(tracks: Any, command: str, revisions: str) -> None:
    """A script from a later revision, or downwards, leaves it out."""
    tracks.arguments["bootstrap"] = BOOTSTRAP

    assert "roles" not in tracks.alembic(command, revisions, sql=True)


def test_script_of_nothing_is_empty(tracks: Any) -> None:
    """A range without a revision gives no line at all."""
    assert tracks.alembic("upgrade", "head:head", sql=True) == ""


def test_revision_that_asks_the_database(project: Any) -> None:
    """A revision that cannot be written as SQL is named."""
    project.add("ask", upgrade="op.get_bind().execute(None).scalar()")

    with pytest.raises(CommandError, match=r"upgrade of r1 \(ask\) failed"):
        project.alembic("upgrade", "head", sql=True)
