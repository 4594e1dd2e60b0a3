"""A migrator that is killed or cut off: its session ends soon, and its locks are free."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from alembic.util import CommandError

from alembic_deploy.url import DatabaseUrl

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Project, TcpProxy

LOCK = "op.execute('LOCK TABLE public.things')"
SESSIONS = """
SELECT pid FROM pg_stat_activity
WHERE datname = current_database() AND application_name LIKE 'alembic%'"""
WAITING = f"{SESSIONS} AND wait_event_type = 'Lock'"
IDLE = f"{SESSIONS} AND state = 'idle in transaction'"


@pytest.mark.parametrize(
    ("body", "is_there"),
    [(LOCK, WAITING), (f"{LOCK}\nimport time\ntime.sleep(600)", IDLE)],
    ids=["in a lock wait", "idle in a transaction"],
)
def test_a_killed_migrator(project: Project, body: str, is_there: str) -> None:
    """The server ends its session within 5 s, which would wait for a minute in front of others."""
    project.execute("CREATE TABLE public.things ()")
    project.add("lock", upgrade=body)
    (project.directory / "pyproject.toml").write_text(
        '[tool.alembic-deploy]\nlock_timeout = "1min"\nidle_in_transaction_timeout = "1min"\n'
    )
    with project.holding(
        "LOCK TABLE public.things IN ACCESS SHARE MODE", for_s=60 if is_there == WAITING else 0
    ):
        process = project.start("upgrade", "head")
        wait_until(lambda: project.query(is_there))

        process.kill()

        wait_until(lambda: not project.query(SESSIONS), for_s=5)
        process.communicate()


def test_a_migrator_that_is_cut_off(project: Project, proxy: TcpProxy) -> None:
    """The network carries nothing any more, and closes nothing: the transaction is not kept."""
    project.execute("CREATE TABLE public.things ()")
    direct, project.url = project.url, proxy.url.text
    project.add("lock", upgrade=f"{LOCK}\nop.execute('SELECT 1')")
    project.limit(idle_in_transaction_timeout="400ms", server_wait="0s")
    proxy.break_at("hole", b"SELECT 1", after=b"LOCK TABLE")
    thread = threading.Thread(target=upgrade, args=(project,))
    thread.start()
    wait_until(lambda: proxy.fault is None)
    here = DatabaseUrl.parse(direct)
    project.url = here.text

    wait_until(lambda: not project.query(SESSIONS), for_s=20)

    proxy.close()
    thread.join(60)
    assert project.query("SELECT count(*) FROM pg_locks WHERE NOT granted") == [0]


def test_each_side_probes_the_other(project: Project, proxy: TcpProxy) -> None:
    """Keepalives of the server, over TCP, and of the client, where its URL has none of its own."""
    project.url = proxy.url.text
    project.add(
        "note",
        upgrade='op.execute("CREATE TABLE public.settings AS SELECT name, setting FROM pg_settings '
        "WHERE name LIKE 'tcp_%' OR name LIKE 'client_conn%' OR name LIKE 'idle_%'\")",
    )

    project.alembic("upgrade", "head")

    rows = set(project.query("SELECT name || '=' || setting FROM public.settings"))
    assert {"idle_in_transaction_session_timeout=20000", "idle_session_timeout=20000"} <= rows
    if sys.platform == "linux":  # not every platform's server can
        assert "client_connection_check_interval=1000" in rows
    url = DatabaseUrl.parse("postgresql://db.example/shop")
    assert ("keepalives_idle", "5") in url.with_keepalives().parameters
    own = DatabaseUrl.parse("postgresql://db.example/shop?keepalives=0")
    assert own.with_keepalives() == own


def upgrade(project: Project) -> None:
    """Upgrade, whatever comes of it."""
    with suppress(CommandError):
        project.alembic("upgrade", "head")


def wait_until(is_so: Callable[[], object], *, for_s: float = 60) -> None:
    """Wait until it is so, at most so long."""
    end_s = time.monotonic() + for_s
    while not is_so():
        assert time.monotonic() < end_s
        time.sleep(0.05)
