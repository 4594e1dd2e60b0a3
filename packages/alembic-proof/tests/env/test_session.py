"""The session's settings, on our own connections."""

from __future__ import annotations

from typing import Any

import pytest
from alembic.util import CommandError
from sqlalchemy import Column, Integer, MetaData, Table
from sqlalchemy.engine import Connection

from alembic_proof.env.session import Place, prepare_session, read_place
from alembic_proof.postgres.connect import run_on
from alembic_proof.postgres.url import DatabaseUrl

NOTE = "op.execute(\"CREATE TABLE settings AS SELECT current_setting('{}') AS value\")"


@pytest.mark.parametrize(
    ("name", "value"),
    [("lock_timeout", "5s"), ("search_path", "public"), ("application_name", "alembic")],
)
def test_what_a_revision_runs_with(project: Any, name: str, value: str) -> None:
    """A revision sees a lock_timeout, public as the search_path, and a name for pg_stat_activity."""
    project.add("note the setting", upgrade=NOTE.format(name))

    project.alembic("upgrade", "head")

    assert project.query("SELECT value FROM public.settings") == [value]


def test_lock_timeout_is_an_argument(project: Any) -> None:
    """run_env(lock_timeout=…) sets it, in PostgreSQL's own notation."""
    project.arguments["lock_timeout"] = "1234"
    project.add("note the setting", upgrade=NOTE.format("lock_timeout"))

    project.alembic("upgrade", "head")

    assert project.query("SELECT value FROM public.settings") == ["1234ms"]


def test_lock_timeout_that_is_none(project: Any) -> None:
    """PostgreSQL's own words say what is wrong with it."""
    project.arguments["lock_timeout"] = "5 parsecs"

    with pytest.raises(CommandError, match=r"lock_timeout.*SQLSTATE 22023"):
        project.alembic("current")


def test_application_name_of_the_url_stays(project: Any) -> None:
    """An operator who names the session in the URL finds that name."""
    project.url += "&application_name=deploy" if "?" in project.url else "?application_name=deploy"
    project.add("note the setting", upgrade=NOTE.format("application_name"))

    project.alembic("upgrade", "head")

    assert project.query("SELECT value FROM public.settings") == ["deploy"]


def test_schema_that_bears_the_owners_name(tracks: Any) -> None:
    """Everything is created in public, also where PostgreSQL's default would prefer that schema."""
    tracks.execute("CREATE SCHEMA AUTHORIZATION CURRENT_USER")
    tracks.execute("CREATE TABLE control (id integer)")

    tracks.alembic("upgrade", "head")

    rows = tracks.query(
        "SELECT format('%s %s', schemaname = current_user, tablename) FROM pg_tables "
        "WHERE tablename IN ('tracks', 'alembic_version', 'control') ORDER BY tablename"
    )
    assert rows == ["f alembic_version", "t control", "f tracks"]
    assert "cccccccccccc" in tracks.alembic("current")
    tracks.alembic("downgrade", "base")
    assert tracks.tables == set()


def test_autogenerate_compares_with_public(tracks: Any) -> None:
    """A schema that bears the owner's name hides no table from the comparison."""
    tracks.execute("CREATE SCHEMA AUTHORIZATION CURRENT_USER")
    metadata = MetaData()
    Table("things", metadata, Column("id", Integer, primary_key=True))
    tracks.execute("CREATE TABLE public.things (id integer PRIMARY KEY)")
    tracks.arguments["target_metadata"] = metadata
    tracks.alembic("stamp", "head")

    assert "No new upgrade operations detected" in tracks.alembic("check")


def test_rest_of_the_search_path_stays(scratch_url: str) -> None:
    """Another schema on the path stays there, behind public: an extension may live in it."""

    def path_of(connection: Connection) -> str:
        connection.exec_driver_sql('CREATE SCHEMA "Extra Parts"')
        connection.exec_driver_sql("CREATE SCHEMA AUTHORIZATION CURRENT_USER")
        connection.exec_driver_sql('SET search_path = "$user", "Extra Parts", public, missing')
        prepare_session(connection, lock_timeout="5s")
        return str(connection.exec_driver_sql("SHOW search_path").scalar_one())

    assert run_on(scratch_url, path_of) == 'public, "Extra Parts"'


def test_place_names_no_password(scratch_url: str) -> None:
    """A place says database, address, login and version."""
    place = run_on(scratch_url, lambda connection: read_place(connection, address="example"))

    url = DatabaseUrl.parse(scratch_url)
    assert str(place).startswith(f"{url.database} at example as {url.user} (PostgreSQL 1")


def test_place_without_an_address() -> None:
    """A connection that was handed over has no address to name."""
    place = Place(database="tracks", user="ada", server_version="18.4")

    assert str(place) == "tracks as ada (PostgreSQL 18.4)"
