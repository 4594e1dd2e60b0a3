"""A standby, or a login whose transactions are read-only: one message before anything is locked."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from local_postgres.server import LocalServer, reset, start, stop

if TYPE_CHECKING:
    from tests.conftest import Project


@pytest.fixture
def standby(tmp_path: Path, project: Project) -> Iterator[Project]:
    """Yield a project whose database is at r1 on a server that has become a standby."""
    server = LocalServer(tmp_path / "state", durable=True)
    try:
        project.url = start(server, os.environ).url("postgres")
        project.add("begin")
        project.alembic("upgrade", "head")
        stop(server)
        (data,) = (
            one.parent
            for one in (tmp_path / "state").rglob("PG_VERSION")
            if "base" not in one.parts
        )
        (data / "standby.signal").touch()
        project.url = start(server, os.environ).url("postgres")
        yield project
    finally:
        reset(server)


def test_a_standby(standby: Project) -> None:
    """An upgrade is refused, even with nothing to do; a command that only reads works."""
    text = standby.failure("upgrade", "head")

    assert text.startswith("the server is in recovery: a standby, ")
    assert "help: name the primary server in the URL" in text
    assert "r1" in standby.alembic("current")


def test_a_read_only_login(project: Project) -> None:
    """The message says where the setting comes from; a login with its own setting may write."""
    project.add("begin", upgrade='op.execute("CREATE TABLE things ()")')
    (name,) = project.query("SELECT current_database()")
    read_only = f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'
    project.execute(read_only)

    text = project.failure("upgrade", "head")

    assert text.startswith("default_transaction_read_only is on (from: database)")
    project.url += "&options=-c%20default_transaction_read_only%3Doff"
    project.alembic("upgrade", "head")
    assert project.tables == {"things"}
