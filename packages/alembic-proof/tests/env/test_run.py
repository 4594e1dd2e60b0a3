"""run_env(): which database it uses, and that each command does its work."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from alembic.command import upgrade
from alembic.util import CommandError
from sqlalchemy.engine import Connection

from alembic_proof.postgres.connect import run_on


def test_upgrade_applies_every_revision(tracks: Any) -> None:
    """`upgrade head` leaves the database with the tables and the version of the last revision."""
    tracks.alembic("upgrade", "head")

    assert tracks.tables == {"tracks"}
    assert tracks.query("SELECT version_num FROM alembic_version") == ["cccccccccccc"]


def test_downgrade_takes_everything_back(tracks: Any) -> None:
    """`downgrade base` leaves nothing but an empty version table."""
    tracks.alembic("upgrade", "head")

    tracks.alembic("downgrade", "base")

    assert tracks.tables == set()
    assert tracks.query("SELECT version_num FROM alembic_version") == []


def test_downgrade_by_one_step(tracks: Any) -> None:
    """`downgrade -1` stops at the revision before."""
    tracks.alembic("upgrade", "head")

    tracks.alembic("downgrade", "-1")

    assert tracks.query("SELECT version_num FROM alembic_version") == ["bbbbbbbbbbbb"]


def test_stamp_writes_the_version_only(tracks: Any) -> None:
    """`stamp` moves the version and runs no revision; --purge forgets an unknown one."""
    tracks.alembic("stamp", "head")
    assert tracks.query("SELECT version_num FROM alembic_version") == ["cccccccccccc"]
    tracks.execute("UPDATE alembic_version SET version_num = 'gone'")

    tracks.alembic("stamp", "aaaaaaaaaaaa", purge=True)

    assert tracks.query("SELECT version_num FROM alembic_version") == ["aaaaaaaaaaaa"]
    assert tracks.tables == set()


@pytest.mark.parametrize("command", ["current", "check", "history"])
def test_reading_commands_write_nothing(tracks: Any, command: str) -> None:
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


def test_history_needs_no_database(tracks: Any) -> None:
    """`history` prints the chain where no server is; `history -i` cannot."""
    tracks.url = "postgresql:///nowhere?host=/nowhere"

    assert "<base> -> aaaaaaaaaaaa, create tracks" in tracks.alembic("history")
    with pytest.raises(CommandError, match="cannot connect"):
        tracks.alembic("history", indicate_current=True)
    with pytest.raises(CommandError, match="cannot connect"):
        tracks.alembic("history", "base:current")


def test_handed_over_connection_is_used_as_it_is(tracks: Any) -> None:
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


def test_handed_over_connection_outside_of_a_transaction(tracks: Any) -> None:
    """It is outside of one afterwards as well, and each revision is committed."""

    def run(connection: Connection) -> bool:
        config = tracks.config()
        config.attributes["connection"] = connection
        upgrade(config, "head")
        return connection.in_transaction()

    assert run_on(tracks.url, run) is False
    assert tracks.tables == {"tracks"}


def test_handed_over_thing_that_is_no_connection(tracks: Any) -> None:
    """Anything but a sync Connection is refused with what to hand over instead."""
    config = tracks.config()
    config.attributes["connection"] = object()

    with pytest.raises(CommandError, match="is not a sync Connection"):
        upgrade(config, "head")


async def test_inside_of_a_running_event_loop(tracks: Any) -> None:
    """It says to use a thread instead of failing somewhere inside of asyncio."""
    with pytest.raises(CommandError, match=r"running event loop\n.*asyncio.to_thread"):
        tracks.alembic("upgrade", "head")


async def test_in_a_thread_beside_an_event_loop(tracks: Any) -> None:
    """That advice works."""
    await asyncio.to_thread(tracks.alembic, "upgrade", "head")

    assert await asyncio.to_thread(lambda: tracks.tables) == {"tracks"}


def test_attribute_wins_over_the_argument(tracks: Any) -> None:
    """`attributes["url"]` is used before run_env(url=…), which is used without it."""
    tracks.arguments["url"] = "postgresql:///x?host=/nowhere"

    assert "cccccccccccc" in tracks.alembic("upgrade", "head")

    tracks.url = ""
    with pytest.raises(CommandError, match="cannot connect"):
        tracks.alembic("current")


def test_no_database_is_named(tracks: Any) -> None:
    """Without any URL and without a checkout's pyproject.toml there is one clear error."""
    tracks.url = ""

    with pytest.raises(CommandError, match="no database is named") as caught:
        tracks.alembic("current")

    assert str(tracks.directory) in str(caught.value)


def test_path_with_spaces_and_letters_beyond_ascii(tracks: Any, tmp_path: Path) -> None:
    """The history may lie in such a directory."""
    tracks.directory = tracks.directory.rename(tmp_path / "it's a stäte")

    tracks.alembic("upgrade", "head")
    tracks.alembic("revision", message="one more")

    assert tracks.tables == {"tracks"}
    assert len(list(tracks.versions.glob("*_one_more.py"))) == 1
