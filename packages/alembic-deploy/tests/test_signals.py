"""Signals while a revision runs: the statement is cancelled, and the process ends in time."""

from __future__ import annotations

import importlib.util
import signal
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from alembic_deploy.url import DatabaseUrl

if TYPE_CHECKING:
    import subprocess

    from tests.conftest import Project, TcpProxy

RUNNING = """
SELECT pid FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%pg_sleep%'"""
SLOW = 'op.execute("CREATE TABLE public.things ()")\nop.execute("SELECT pg_sleep(120)")'


@pytest.mark.parametrize(
    ("driver", "number", "code"),
    [
        ("asyncpg", signal.SIGTERM, 143),
        ("asyncpg", signal.SIGINT, 130),
        ("psycopg", signal.SIGHUP, 129),
        ("psycopg2", signal.SIGTERM, 143),
    ],
)
def test_a_signal_cancels_and_rolls_back(
    project: Project, driver: str, number: signal.Signals, code: int
) -> None:
    """Plain `alembic upgrade` exits as shells expect, and nothing of it is left on the server."""
    if importlib.util.find_spec(driver) is None:
        pytest.skip(f"{driver} is not installed")
    if signal.getsignal(number) is signal.SIG_IGN:
        pytest.skip("the signal is ignored here, as SIGHUP is under nohup")
    project.add("begin")
    project.alembic("upgrade", "head")
    project.add("sleep", upgrade=SLOW)
    process = project.start(
        "upgrade", "head", url=replace(DatabaseUrl.parse(project.url), driver=driver).text
    )
    wait_until_it_sleeps(project, process)

    process.send_signal(number)
    out, err = process.communicate(timeout=60)

    word = "interrupted" if number is signal.SIGINT else "terminated"
    assert process.returncode == code
    assert f"FAILED: {word}\n  where: upgrade of r2\n" in out
    assert "now: the upgrade is not applied, the database is at r1" in out
    assert err == ""
    assert project.query(RUNNING) == []
    assert project.tables == set()


def test_the_network_carries_nothing_any_more(
    project: Project, proxy: TcpProxy, another_proxy: TcpProxy
) -> None:
    """The process ends although the server does not answer, and claims nothing of its commit.

    Two of them at once, since each takes some seconds: one in its commit, one in a statement.
    """
    project.add("things", upgrade="op.execute('CREATE TABLE public.things ()')")
    cases = (
        (proxy, "asyncpg", b"COMMIT", signal.SIGTERM, 143),
        (another_proxy, "psycopg", b"CREATE TABLE public.things", signal.SIGINT, 130),
    )
    processes = []
    for one, driver, at, _, _ in cases:
        one.break_at("hole", at, after=b"things")
        url = replace(one.url, driver=driver).text
        processes.append(project.start("upgrade", "head", url=url))
    deadline_s = time.monotonic() + 60
    while any(one.fault is not None for one, *_ in cases) and time.monotonic() < deadline_s:
        time.sleep(0.05)
    time.sleep(0.5)

    for process, (*_, number, _) in zip(processes, cases, strict=True):
        process.send_signal(number)
    outputs = ["".join(process.communicate(timeout=60)) for process in processes]

    assert [process.returncode for process in processes] == [code for *_, code in cases], outputs
    assert ["is not known" in output for output in outputs] == [True, True]
    assert ["rolled back" in output for output in outputs] == [False, False]


def wait_until_it_sleeps(project: Project, process: subprocess.Popen[str]) -> None:
    """Wait until the revision's statement runs."""
    deadline_s = time.monotonic() + 60
    while not project.query(RUNNING):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline_s
        time.sleep(0.05)
