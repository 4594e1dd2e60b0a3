"""Behind pgbouncer: session mode migrates, transaction mode is refused before anything is set or locked.

pgbouncer is taken from PATH, or from the variable PGBOUNCER; without it these tests are skipped, and
the stand-in of packages/backend/tests/database/transaction_pooler.py is what is left.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.engine import Connection

from alembic_deploy.connect import run_on
from alembic_deploy.errors import ServerError
from alembic_deploy.pooler import refuse_transaction_pooling
from alembic_deploy.url import DatabaseUrl

if TYPE_CHECKING:
    from tests.conftest import Project

PATH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin"))
PGBOUNCER = os.environ.get("PGBOUNCER") or shutil.which("pgbouncer", path=PATH)
CONFIGURATION = """\
[databases]
* = host={host} port={port}
[pgbouncer]
listen_addr =
listen_port = 6432
unix_socket_dir = {directory}
auth_type = trust
auth_file = {directory}/users.txt
pool_mode = {mode}
logfile = {directory}/log
{more}
"""

Pool = Callable[..., str]


@pytest.fixture
def pool(tmp_path: Path, scratch_url: str) -> Iterator[Pool]:
    """Yield a function that starts pgbouncer in a mode and returns the database's URL through it."""
    if PGBOUNCER is None:
        pytest.skip("there is no pgbouncer: apt-get install pgbouncer, or set PGBOUNCER")
    started: list[subprocess.Popen[bytes]] = []

    def start(mode: str, more: str = "") -> str:
        target = DatabaseUrl.parse(scratch_url)
        ((host, port),) = target.hosts
        (tmp_path / "users.txt").write_text(f'"{target.user}" ""\n')
        file = tmp_path / "pgbouncer.ini"
        file.write_text(
            CONFIGURATION.format(
                host=host, port=port or 5432, directory=tmp_path, mode=mode, more=more
            )
        )
        started.append(subprocess.Popen([*_as_user(), str(PGBOUNCER), "-q", str(file)]))
        url = f"postgresql://{target.user}@/{target.database}?host={tmp_path}&port=6432"
        _wait_for(url)
        return url

    yield start
    for process in started:
        process.terminate()
        process.wait(10)


def _as_user() -> tuple[str, ...]:
    """Return what runs a program as somebody else than root, which pgbouncer wants."""
    if os.geteuid() != 0:
        return ()
    return ("unshare", "--user", "--map-user=65534", "--map-group=65534")


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            return run_on(url, lambda _: None)
        except ServerError:
            assert time.monotonic() < deadline
            time.sleep(0.05)


@pytest.mark.parametrize("more", ["", "server_round_robin = 1", "default_pool_size = 1"])
def test_transaction_mode_is_refused(project: Project, pool: Pool, more: str) -> None:
    """No setting and no lock is left in the pooler's sessions; the message asks for a direct URL."""
    project.add("things", upgrade='op.execute("CREATE TABLE things ()")')
    direct, project.url = project.url, pool("transaction", more)
    run_on(project.url, lambda connection: connection.exec_driver_sql("SET work_mem = '7MB'"))

    text = project.failure("upgrade", "head")

    assert "a connection pooler that gives each transaction another session" in text
    assert "help: connect to PostgreSQL itself, or to a pool in session mode" in text
    settings = (
        "SELECT setting FROM pg_settings WHERE name IN ('lock_timeout', 'work_mem') ORDER BY name"
    )
    assert project.query(settings) == ["0", "7168"]  # the pooler's session, with what was set there
    project.url = direct
    assert project.query("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == [0]
    assert project.tables == set()


@pytest.mark.parametrize("more", ["", "default_pool_size = 2"])
def test_session_mode_migrates(tracks: Project, pool: Pool, more: str) -> None:
    """A history with an index that is built CONCURRENTLY is applied."""
    tracks.url = pool("session", more)

    assert "base -> cccccccccccc" in tracks.alembic("upgrade", "head")


def test_a_session_pool_without_a_second_session(pool: Pool) -> None:
    """A pool in session mode that has no other session to compare with is not refused."""
    url = pool("session", "default_pool_size = 1")

    run_on(url, lambda connection: refuse_transaction_pooling(connection, url))


def test_a_pooler_that_refuses(pool: Pool) -> None:
    """An error of the pooler itself has the pooler's own words."""
    url = DatabaseUrl.parse(pool("session")).with_user("nobody").text

    with pytest.raises(ServerError, match=r"a pooler that refuses .+ authentication failed"):
        run_on(url, lambda _: None)


def test_a_direct_connection(scratch_url: str) -> None:
    """PostgreSQL itself is not refused, and no transaction is left open."""

    def check(connection: Connection) -> bool:
        refuse_transaction_pooling(connection, scratch_url)
        return connection.in_transaction()

    assert run_on(scratch_url, check) is False
