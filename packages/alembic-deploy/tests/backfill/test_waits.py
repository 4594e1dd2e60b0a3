"""Whom a backfill waits for: a real standby that does not replay."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from alembic_deploy.backfill import loop
from alembic_deploy.backfill.loop import BackfillProgress
from alembic_deploy.backfill.waits import furthest_standby
from alembic_deploy.connect import run_on
from alembic_deploy.errors import DatabaseError
from local_postgres.server import LocalServer, reset, start, stop

if TYPE_CHECKING:
    from tests.backfill.conftest import Items


@dataclass(frozen=True, slots=True)
class Replication:
    """A primary and its standby, each as a superuser."""

    primary: str
    standby: str

    def on_standby(self, statement: str) -> object:
        """Return the first value."""
        return run_on(self.standby, lambda c: c.execute(text(statement)).scalar())


@pytest.fixture
def replication(tmp_path: Path) -> Iterator[Replication]:
    """Start two servers of which one follows the other."""
    servers = [LocalServer(tmp_path / name, durable=True) for name in ("primary", "standby")]
    try:
        running = start(servers[0], os.environ)
        if not running.data.is_relative_to(tmp_path):
            pytest.skip("the server's data is another user's, and cannot be copied")
        with running.connect() as execute:
            [(access,)] = execute("SHOW hba_file")
        stop(servers[0])
        data = tmp_path / "standby" / running.data.relative_to(tmp_path / "primary")
        data.parent.mkdir(parents=True)
        subprocess.run(["cp", "-a", str(running.data), str(data)], check=True)
        source = (
            f"host={running.socket_dir} port={running.port} user=postgres application_name=reader"
        )
        (data / "standby.signal").touch()
        with (data / "postgresql.auto.conf").open("a") as settings:
            settings.write(f"primary_conninfo = '{source}'\nwal_receiver_status_interval = 1\n")
        primary = start(servers[0], os.environ)
        with Path(str(access)).open("a") as rules:
            rules.write("local replication all trust\n")
        with primary.connect() as execute:
            execute("SELECT pg_reload_conf()")
        yield Replication(primary.url("postgres"), start(servers[1], os.environ).url("postgres"))
    finally:
        for server in servers:
            reset(server)


def until(condition: Callable[[], bool]) -> None:
    """Wait, for at most 30 s."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_it_pauses_while_a_standby_is_behind(
    items: Items, replication: Replication, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No batch is sent then; it goes on when the standby has caught up, and ends where it does not."""
    monkeypatch.setattr(loop, "_LAG_CHECK_EVERY_S", 0.1)
    monkeypatch.setattr(loop, "_LONGEST_PAUSE_S", 0.2)
    here = replace(items, url=replication.primary)
    here.execute(
        "CREATE TABLE public.items AS "
        "SELECT n AS id, n AS number, CAST(NULL AS text) AS label, 0 AS times "
        "FROM generate_series(1, 1500) AS n",
        "ALTER TABLE public.items ADD PRIMARY KEY (id)",
    )
    until(lambda: replication.on_standby("SELECT to_regclass('public.items') IS NOT NULL") is True)
    replication.on_standby("SELECT pg_wal_replay_pause()")
    slow = here.declare(set="label = 'item' || length(pg_sleep(0.001)::text), times = times + 1")
    reports: list[BackfillProgress] = []
    settings = replace(here.small, max_lag_s=0.3, report_every_s=0.0)
    thread = threading.Thread(
        target=here.run, args=(slow,), kwargs={"settings": settings, "report": reports.append}
    )
    thread.start()
    until(lambda: any("standby reader" in one.waits_for for one in reports))
    [(_, filled)] = here.query("SELECT count(*), count(label) FROM public.items")
    time.sleep(0.5)

    assert here.query("SELECT count(label) FROM public.items") == [(filled,)]
    assert 0 < filled < 1500
    assert (found := run_on(replication.primary, furthest_standby)) is not None
    assert found.lag_s > 0.3
    with pytest.raises(DatabaseError, match=r"pauses for standby reader, \d+ s behind"):
        here.run(slow, settings=replace(settings, wait_s=0.1))
    replication.on_standby("SELECT pg_wal_replay_resume()")
    thread.join(30)
    assert here.query("SELECT count(label), max(times) FROM public.items") == [(1500, 1)]


def test_a_login_that_sees_no_standby_goes_on(items: Items) -> None:
    """As one without pg_monitor, or on a server without standbys."""
    assert run_on(items.url, furthest_standby) is None
    assert items.run().rows_done == 1000
