"""The session's settings, on our own connections."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
from alembic.util import CommandError
from sqlalchemy import Column, Integer, MetaData, Table
from sqlalchemy.engine import Connection

from alembic_deploy.connect import DatabaseInfo, read_database_info, run_on
from alembic_deploy.deployment import Deployment
from alembic_deploy.downgrade import Answer, confirm_downgrade
from alembic_deploy.limits import Limits
from alembic_deploy.plan import Plan, PlannedDatabase, refuse_stale
from alembic_deploy.prechecks import run_prechecks
from alembic_deploy.session import prepare_session, program_name
from alembic_deploy.url import DatabaseUrl

if TYPE_CHECKING:
    from tests.conftest import Project

NOTE = "op.execute(\"CREATE TABLE settings AS SELECT current_setting('{}') AS value\")"


@pytest.mark.parametrize(
    ("name", "value"),
    [("lock_timeout", "2s"), ("search_path", "public"), ("application_name", "shop-migrate r1")],
)
def test_what_a_revision_runs_with(
    project: Project, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """A revision sees a lock_timeout, public as the search_path, and the program in pg_stat_activity."""
    monkeypatch.setattr("sys.argv", ["/opt/bin/shop-migrate", "upgrade"])
    project.add("note the setting", upgrade=NOTE.format(name))

    project.alembic("upgrade", "head")

    assert project.query("SELECT value FROM public.settings") == [value]


def test_lock_timeout_can_be_set(project: Project) -> None:
    """The command line sets it, as a duration with a unit."""
    project.limit(lock_timeout="1234ms")
    project.add("note the setting", upgrade=NOTE.format("lock_timeout"))

    project.alembic("upgrade", "head")

    assert project.query("SELECT value FROM public.settings") == ["1234ms"]


@pytest.mark.parametrize("text", ["5 parsecs", "5", "-1s", "5s; DROP TABLE x", "25d", ""])
def test_lock_timeout_that_is_none(project: Project, text: str) -> None:
    """A number without a unit, or no duration at all, is refused before the database is asked."""
    project.limit(lock_timeout=text)

    with pytest.raises(CommandError, match=r"lock_timeout is not a duration(.|\n)*command line"):
        project.alembic("current")


def test_variable_wins_over_the_file(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """pyproject.toml sets a limit, an environment variable another value, and the variable wins."""
    (project.directory / "pyproject.toml").write_text(
        '[tool.alembic-deploy]\nlock_timeout = "3s"\n'
    )
    project.arguments["variable_prefix"] = "TRACKS_"
    project.add("note the setting", upgrade=NOTE.format("lock_timeout"))
    project.alembic("upgrade", "head")
    assert project.query("SELECT value FROM public.settings") == ["3s"]
    monkeypatch.setenv("TRACKS_LOCK_TIMEOUT", "4s")
    again = NOTE.format("lock_timeout").replace("settings", "settings_again", 1)
    project.add("note it again", upgrade=again)
    project.alembic("upgrade", "head")

    assert project.query("SELECT value FROM public.settings_again") == ["4s"]


@pytest.mark.parametrize(
    ("argv", "name"),
    [
        (["/lib/alembic/__main__.py", "upgrade"], "alembic"),
        (["/opt/bin/boards-migrate"], "boards-migrate"),
        (["-c"], "alembic"),
        ([], "alembic"),
    ],
)
def test_name_of_the_program(monkeypatch: pytest.MonkeyPatch, argv: list[str], name: str) -> None:
    """A module has the name of its package, and code without a file the name of Alembic."""
    monkeypatch.setattr("sys.argv", argv)

    assert program_name() == name


def test_application_name_of_the_url_stays(project: Project) -> None:
    """An operator who names the session in the URL finds that name."""
    project.url += "&application_name=deploy" if "?" in project.url else "?application_name=deploy"
    project.add("note the setting", upgrade=NOTE.format("application_name"))

    project.alembic("upgrade", "head")

    assert project.query("SELECT value FROM public.settings") == ["deploy r1"]


def test_schema_that_bears_the_owners_name(tracks: Project) -> None:
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


def test_autogenerate_compares_with_public(tracks: Project) -> None:
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
        prepare_session(connection, limits=Limits())
        return str(connection.exec_driver_sql("SHOW search_path").scalar_one())

    assert run_on(scratch_url, path_of) == 'public, "Extra Parts"'


def test_database_info_has_no_password(scratch_url: str) -> None:
    """It has database, address, login and version, and no password."""
    place = run_on(
        scratch_url, lambda connection: read_database_info(connection, address="example")
    )

    url = DatabaseUrl.parse(scratch_url)
    assert str(place).startswith(f"{url.database} at example as {url.user} (PostgreSQL 1")


def test_database_info_without_an_address() -> None:
    """A connection that was handed over has no address to name."""
    place = DatabaseInfo(database="tracks", user="ada", server_version="18.4")

    assert str(place) == "tracks as ada (PostgreSQL 18.4)"


@pytest.mark.parametrize("command", ["upgrade", "plan", "downgrade"])
def test_python_code_before_the_first_statement_may_take_long(
    project: Project, command: str
) -> None:
    """Revisions are rendered in a session that the server keeps, and then their own limit counts.

    The negative control is `test_a_silent_revision_names_the_limit`.
    """
    slow = "import time\nfrom alembic import context\nif context.is_offline_mode():\n    time.sleep(1.2)\n"
    create = 'op.execute("CREATE TABLE public.things ()")'
    drop = 'op.execute("DROP TABLE public.things")'
    project.add("things", upgrade=slow + create, downgrade=slow + drop)
    limits = {"idle_in_transaction_timeout": "500ms"}
    before = {
        "upgrade": partial(run_prechecks, wait=False, force=False),
        "plan": partial(refuse_stale, _nothing(project)),
        "downgrade": partial(confirm_downgrade, answer=Answer.YES),
    }[command]
    if command == "downgrade":
        project.alembic("upgrade", "head")
    project.attributes["deployment"] = Deployment(limits=limits, before=(before,))

    match command:
        case "upgrade":
            project.alembic("upgrade", "head")
            assert project.tables == {"things"}
        case "plan":
            assert "the plan is stale" in project.failure("upgrade", "head")
        case "downgrade":
            project.alembic("downgrade", "base")
            assert project.tables == set()


def _nothing(project: Project) -> Plan:
    database = PlannedDatabase(name="", oid=0, system="")
    return Plan(database=database, heads=(), target="", revisions=(), tables=())
