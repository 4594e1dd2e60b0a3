"""A backfill whose process is killed: kill -9, again and again, and once more to its end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from alembic_deploy.backfill.statements import single_update

if TYPE_CHECKING:
    from tests.backfill.conftest import Items

ROWS = 4000
# A process for each line that comes in; what they import is imported once.
RUN = """
import os
import sys
from dataclasses import replace
from types import ModuleType

from alembic_deploy.backfill.checkpoint import CheckpointTable
from alembic_deploy.backfill.declaration import read_backfill
from alembic_deploy.backfill.loop import BackfillSettings, run_backfill
from alembic_deploy.connect import run_on

revision = ModuleType("revision")
revision.backfill = {
    "name": "fill_labels",
    "table": "public.items",
    "set": "label = 'item ' || number, times = times + 1",
    "where": "label IS NULL",
    "undo": None,
}
backfill = read_backfill(revision, revision="r1", path="r1.py")
table = CheckpointTable("public.alembic_backfill")
settings = BackfillSettings(first_batch_rows=40, most_batch_rows=40)
import asyncpg, sqlalchemy.ext.asyncio

for url in sys.stdin:
    child = os.fork()
    if child == 0:
        done = run_on(url.strip(), lambda c: run_backfill(c, backfill, table=table, settings=settings))
        print(done.rows_done, flush=True)
        os._exit(0)
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
STATE = "SELECT count(*), count(label), sum(times), max(times) FROM public.items"
DONE = "SELECT sum(rows_done) FROM public.alembic_backfill"
SESSIONS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'
"""


@pytest.fixture
def starter() -> Iterator[subprocess.Popen[str]]:
    """Start the process whose children run the loop."""
    command = (sys.executable, "-c", RUN)
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        yield process
        process.kill()


def next_line(starter: subprocess.Popen[str]) -> int:
    """Return the next number that the starter or its child prints."""
    assert starter.stdout is not None
    return int(starter.stdout.readline())


def start(starter: subprocess.Popen[str], url: str) -> int:
    """Start the loop in a new child; return its process id."""
    assert starter.stdin is not None
    starter.stdin.write(f"{url}\n")
    starter.stdin.flush()
    return next_line(starter)


def test_kill_9_loses_no_row_and_repeats_none(items: Items, starter: subprocess.Popen[str]) -> None:
    """After each kill the checkpoint equals the rows that are filled; each row is filled once.

    Locked rows bound what a run can fill before it is killed.
    """
    items.execute(f"INSERT INTO public.items SELECT n, n FROM generate_series(1001, {ROWS}) AS n")
    filled = [0]
    for number in range(4):
        locked = f"SELECT FROM public.items WHERE id > {(number + 1) * ROWS // 5} FOR UPDATE"
        with items.other_session(locked):
            child = start(starter, items.url)
            deadline = time.monotonic() + 30
            while items.query(STATE)[0][1] <= filled[-1] and time.monotonic() < deadline:
                time.sleep(0.02)
            time.sleep(0.01 * number)
            os.kill(child, signal.SIGKILL)
            assert next_line(starter) == -signal.SIGKILL
        while items.query(SESSIONS) != [(0,)] and time.monotonic() < deadline:
            time.sleep(0.02)
        [(rows, labels, times, most)] = items.query(STATE)
        assert (rows, times, most) == (ROWS, labels, 1)
        assert items.query(DONE) == [(labels,)]
        filled.append(labels)

    assert 0 < filled[1] < filled[2] < filled[3] < filled[4] < ROWS
    start(starter, items.url)
    assert next_line(starter) == ROWS - filled[-1]
    assert next_line(starter) == 0
    assert items.query(STATE) == [(ROWS, ROWS, ROWS, 1)]
    assert items.query(DONE) == [(ROWS,)]


def test_a_killed_update_loses_all(items: Items) -> None:
    """The control: of one UPDATE that is ended nothing stays."""
    slow = items.declare(set="label = 'item' || pg_sleep(0.01)::text")
    update = f"{single_update(slow, is_undo=False)}"
    command = (
        "import sys; from sqlalchemy import text; from alembic_deploy.connect import run_on; "
        "print('begun', flush=True); "
        "run_on(sys.argv[1], lambda c: c.execute(text(sys.argv[2])))"
    )
    process = subprocess.Popen(
        (sys.executable, "-c", command, items.url, update.replace("::", r"\:\:")),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.readline()
    deadline = time.monotonic() + 30
    while items.query(SESSIONS) == [(0,)] and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=10)
    items.execute(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )

    assert items.query(STATE) == [(1000, 0, 0, 0)]
