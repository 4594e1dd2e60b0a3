"""run_env(): which database it uses, and that each command does its work."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from alembic.command import upgrade
from alembic.util import CommandError
from sqlalchemy.engine import Connection

from alembic_deploy.bootstrap import Bootstrap
from alembic_deploy.connect import run_on

if TYPE_CHECKING:
    from tests.conftest import Project


def test_upgrade_applies_every_revision(tracks: Project) -> None:
    """`upgrade head` leaves the database with the tables and the version of the last revision."""
    tracks.alembic("upgrade", "head")

    assert tracks.tables == {"tracks"}
    assert tracks.query("SELECT version_num FROM alembic_version") == ["cccccccccccc"]


def test_downgrade_takes_everything_back(tracks: Project) -> None:
    """`downgrade base` leaves nothing but an empty version table."""
    tracks.alembic("upgrade", "head")

    tracks.alembic("downgrade", "base")

    assert tracks.tables == set()
    assert tracks.query("SELECT version_num FROM alembic_version") == []


def test_downgrade_by_one_step(tracks: Project) -> None:
    """`downgrade -1` stops at the revision before."""
    tracks.alembic("upgrade", "head")

    tracks.alembic("downgrade", "-1")

    assert tracks.query("SELECT version_num FROM alembic_version") == ["bbbbbbbbbbbb"]


def test_stamp_writes_the_version_only(tracks: Project) -> None:
    """`stamp` moves the version and runs no revision; --purge forgets an unknown one."""
    tracks.alembic("stamp", "head")
    assert tracks.query("SELECT version_num FROM alembic_version") == ["cccccccccccc"]
    tracks.execute("UPDATE alembic_version SET version_num = 'gone'")

    tracks.alembic("stamp", "aaaaaaaaaaaa", purge=True)

    assert tracks.query("SELECT version_num FROM alembic_version") == ["aaaaaaaaaaaa"]
    assert tracks.tables == set()


@pytest.mark.parametrize("command", ["current", "check", "history"])
def test_reading_commands_write_nothing(tracks: Project, command: str) -> None:
    """On an empty database they make no version table; a writing command does."""
    options = {"indicate_current": True} if command == "history" else {}
    if command == "check":
        with pytest.raises(CommandError, match="the database is at base"):
            tracks.alembic(command, **options)
    else:
        tracks.alembic(command, **options)
    assert tracks.query("SELECT count(*) FROM pg_class WHERE relname = 'alembic_version'") == [0]

    tracks.alembic("stamp", "base")

    assert tracks.query("SELECT count(*) FROM pg_class WHERE relname = 'alembic_version'") == [1]


def test_history_needs_no_database(tracks: Project) -> None:
    """`history` prints the chain where no server is; `history -i` cannot."""
    tracks.url = "postgresql:///nowhere?host=/nowhere"

    assert "<base> -> aaaaaaaaaaaa, create tracks" in tracks.alembic("history")
    with pytest.raises(CommandError, match="cannot connect"):
        tracks.alembic("history", indicate_current=True)
    with pytest.raises(CommandError, match="cannot connect"):
        tracks.alembic("history", "base:current")


def test_handed_over_connection_is_used_as_it_is(tracks: Project) -> None:
    """`attributes["connection"]` wins over the URL and keeps its search_path and transaction."""

    def upgrade_and_roll_back(connection: Connection) -> None:
        connection.exec_driver_sql("CREATE SCHEMA elsewhere")
        connection.exec_driver_sql("SET LOCAL search_path = elsewhere")
        config = tracks.config()
        config.attributes.update(connection=connection, url="postgresql:///x?host=/nowhere")
        upgrade(config, "aaaaaaaaaaaa")
        places = "SELECT schemaname FROM pg_tables WHERE tablename = 'tracks'"
        assert connection.exec_driver_sql(places).scalars().all() == ["elsewhere"]
        connection.rollback()

    run_on(tracks.url, upgrade_and_roll_back)

    assert tracks.tables == set()
    assert tracks.query("SELECT count(*) FROM pg_namespace WHERE nspname = 'elsewhere'") == [0]


def test_handed_over_connection_outside_of_a_transaction(tracks: Project) -> None:
    """It is outside of one afterwards as well, and each revision is committed."""

    def run(connection: Connection) -> bool:
        config = tracks.config()
        config.attributes["connection"] = connection
        upgrade(config, "head")
        return connection.in_transaction()

    assert run_on(tracks.url, run) is False
    assert tracks.tables == {"tracks"}


def test_only_a_sync_connection_can_be_handed_over(tracks: Project) -> None:
    """Anything but a sync Connection is refused with what to hand over instead."""
    config = tracks.config()
    config.attributes["connection"] = object()

    with pytest.raises(CommandError, match="is not a sync Connection"):
        upgrade(config, "head")


async def test_inside_of_a_running_event_loop(tracks: Project) -> None:
    """The error says to use a thread."""
    with pytest.raises(CommandError, match=r"running event loop\n.*asyncio.to_thread"):
        tracks.alembic("upgrade", "head")


async def test_in_a_thread_beside_an_event_loop(tracks: Project) -> None:
    """That advice works."""
    await asyncio.to_thread(tracks.alembic, "upgrade", "head")

    assert await asyncio.to_thread(lambda: tracks.tables) == {"tracks"}


def test_attribute_wins_over_the_argument(tracks: Project) -> None:
    """`attributes["url"]` is used before run_env(url=…), which is used without it."""
    tracks.arguments["url"] = "postgresql:///x?host=/nowhere"

    assert "cccccccccccc" in tracks.alembic("upgrade", "head")

    tracks.url = ""
    with pytest.raises(CommandError, match="cannot connect"):
        tracks.alembic("current")


def test_no_database_is_named(tracks: Project) -> None:
    """Without any URL and without a checkout's pyproject.toml there is one clear error."""
    tracks.url = ""

    with pytest.raises(CommandError, match="no database is named") as caught:
        tracks.alembic("current")

    assert str(tracks.directory) in str(caught.value)


def test_path_with_spaces_and_letters_beyond_ascii(tracks: Project, tmp_path: Path) -> None:
    """The history may lie in such a directory."""
    tracks.directory = tracks.directory.rename(tmp_path / "it's a stäte")

    tracks.alembic("upgrade", "head")
    tracks.alembic("revision", message="one more")

    assert tracks.tables == {"tracks"}
    assert len(list(tracks.versions.glob("*_one_more.py"))) == 1


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
    """Return a function that runs a script on a URL's database."""
    function: Callable[[str, str], None] = request.param
    return function


def test_upgrade_script_builds_what_upgrade_builds(
    tracks: Project, apply: Callable[..., None]
) -> None:
    """Psql applies `upgrade head --sql` leaves the database at head."""
    apply(tracks.alembic("upgrade", "head", sql=True), tracks.url)

    assert tracks.tables == {"tracks"}
    assert "nothing to do" in tracks.alembic("upgrade", "head")
    comment = "SELECT col_description('tracks'::regclass, 3)".replace("::", r"\:\:")
    assert tracks.query(comment) == ["seconds, 100% of them; 1:2"]


def test_downgrade_script_takes_it_back(tracks: Project, apply: Callable[..., None]) -> None:
    """Psql applies `downgrade head:base --sql` leaves nothing but the empty version table."""
    tracks.alembic("upgrade", "head")

    apply(tracks.alembic("downgrade", "head:base", sql=True), tracks.url)

    assert tracks.tables == set()
    assert tracks.query("SELECT count(*) FROM alembic_version") == [0]


def test_script_goes_to_public(tracks: Project, apply: Callable[..., None]) -> None:
    """A schema that bears the login's name stays empty."""
    tracks.execute("CREATE SCHEMA AUTHORIZATION CURRENT_USER")

    apply(tracks.alembic("upgrade", "head", sql=True), tracks.url)

    assert tracks.tables == {"tracks"}


def test_scripts_need_no_database(tracks: Project) -> None:
    """Both directions are written without a server, a URL or a checkout's default."""
    tracks.url = ""

    assert "CREATE TABLE tracks" in tracks.alembic("upgrade", "head", sql=True)
    assert "DROP TABLE tracks" in tracks.alembic("downgrade", "head:base", sql=True)


def test_script_holds_nothing_but_sql(tracks: Project) -> None:
    """The script contains no line of progress."""
    sql = tracks.alembic("upgrade", "head", sql=True)

    assert "database:" not in sql
    assert " s\n" not in sql
    assert sql.startswith("SET lock_timeout = '2s';\n")


def test_bootstrap_comes_first(tracks: Project) -> None:
    """A script from base begins with the bootstrap, before any transaction."""
    tracks.arguments["bootstrap"] = BOOTSTRAP

    sql = tracks.alembic("upgrade", "head", sql=True)

    assert sql.startswith("CREATE SCHEMA IF NOT EXISTS roles;\n\nSELECT 1;\n\nSET lock_timeout")


@pytest.mark.parametrize(
    ("command", "revisions"), [("upgrade", "aaaaaaaaaaaa:head"), ("downgrade", "head:base")]
)
def test_bootstrap_only_from_base_upwards(tracks: Project, command: str, revisions: str) -> None:
    """A script from a later revision, or downwards, leaves it out."""
    tracks.arguments["bootstrap"] = BOOTSTRAP

    assert "CREATE SCHEMA" not in tracks.alembic(command, revisions, sql=True)


def test_script_of_nothing_is_empty(tracks: Project) -> None:
    """A range without a revision gives no line at all."""
    assert tracks.alembic("upgrade", "head:head", sql=True) == ""


def test_revision_that_asks_the_database(project: Project) -> None:
    """A revision that cannot be written as SQL is named."""
    project.add("ask", upgrade="op.get_bind().execute(None).scalar()")

    with pytest.raises(CommandError, match=r"upgrade of r1 \(ask\) failed"):
        project.alembic("upgrade", "head", sql=True)
