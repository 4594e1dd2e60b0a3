"""Revisions that do not get their locks: rolled back, tried again, and given up with a reason."""

from __future__ import annotations

import json
import time
from threading import Event, Thread
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.engine import Connection

from alembic_deploy.connect import run_on
from alembic_deploy.deployment import Deployment
from alembic_deploy.limits import Limits
from alembic_deploy.runner import next_pause_s
from alembic_deploy.steps import Attempt

if TYPE_CHECKING:
    from tests.conftest import Project

WIDEN = """\
op.execute("CREATE TABLE public.others ()")
op.execute("ALTER TABLE public.things ADD COLUMN name text")"""


def test_a_revision_is_tried_until_it_gets_its_locks(project: Project) -> None:
    """Each failed attempt is rolled back whole and names the session that holds the lock."""
    project.add("things", upgrade='op.execute("CREATE TABLE public.things ()")')
    project.alembic("upgrade", "head")
    project.add("widen", upgrade=WIDEN)
    limits = {"lock_timeout": "600ms"}
    project.attributes["deployment"] = Deployment(limits=limits, log_format="json")

    with project.holding("LOCK TABLE public.things IN ACCESS SHARE MODE", for_s=2.0):
        events = [json.loads(line) for line in project.alembic("upgrade", "head").splitlines()]

    failed = [one for one in events if one["event"] == "attempt-failed"]
    [applied] = [one for one in events if one["event"] == "revision"]
    assert failed
    assert failed[0]["blockers"][0]["application_name"] == "report"
    assert "55P03" in failed[0]["error"]
    assert applied["attempt"] == len(failed) + 1
    assert applied["waited_ms"] > 600
    assert project.tables == {"things", "others"}


@pytest.mark.parametrize(
    ("first", "is_held"), [("SELECT 1", False), ("CREATE TABLE public.others ()", True)]
)
def test_time_of_locks_begins_with_the_first_one(
    project: Project, first: str, *, is_held: bool
) -> None:
    """A wait for it holds up nobody and is not counted; a wait with another lock is."""
    project.add("things", upgrade='op.execute("CREATE TABLE public.things ()")')
    project.alembic("upgrade", "head")
    widen = "ALTER TABLE public.things ADD COLUMN name text"
    # The revision's own lock_timeout is left alone.
    own = "SET LOCAL lock_timeout = 60000"
    project.add("widen", upgrade="\n".join(f'op.execute("{one}")' for one in (own, first, widen)))
    project.attributes["deployment"] = Deployment(log_format="json")

    def release(is_over: Event) -> None:
        while not project.query(_WAITING)[0]:
            time.sleep(0.05)
        time.sleep(1.6)
        is_over.set()

    with project.holding("LOCK TABLE public.things IN ACCESS SHARE MODE", for_s=60) as is_over:
        Thread(target=release, args=(is_over,)).start()
        events = [json.loads(line) for line in project.alembic("upgrade", "head").splitlines()]

    [applied] = [one for one in events if one["event"] == "revision"]
    assert applied["took_ms"] >= 1500
    assert applied["waited_ms"] + applied["held_ms"] == pytest.approx(applied["took_ms"], abs=2)
    assert (applied["held_ms"] > applied["took_ms"] - 100) == is_held
    assert events[-1]["longest_held_ms"] == applied["held_ms"]


_WAITING = """
SELECT count(*) FROM pg_locks JOIN pg_database AS d ON d.oid = database
WHERE NOT granted AND d.datname = current_database()"""


def test_a_deadlock_is_tried_again_and_names_its_session(project: Project) -> None:
    """PostgreSQL ends the revision, which began to wait first; the other session goes on."""
    project.execute("CREATE TABLE public.things ()", "CREATE TABLE public.others ()")
    both = "DO $$ BEGIN LOCK public.things; LOCK public.others; END $$"
    project.add("lock", upgrade=f"op.execute('{both}')")
    project.attributes["deployment"] = Deployment(limits={"lock_timeout": "20s"}, log_format="json")
    is_held = Event()

    def lock_in_the_other_order(connection: Connection) -> None:
        connection.exec_driver_sql("SET application_name = 'report'")
        connection.exec_driver_sql("LOCK public.others")
        is_held.set()
        while not connection.exec_driver_sql(_WAITING).scalar_one():
            time.sleep(0.01)
        connection.exec_driver_sql("LOCK public.things")

    other = Thread(target=run_on, args=(project.url, lock_in_the_other_order))
    other.start()
    assert is_held.wait(30)
    events = [json.loads(line) for line in project.alembic("upgrade", "head").splitlines()]
    other.join(30)

    [failed] = [one for one in events if one["event"] == "attempt-failed"]
    [applied] = [one for one in events if one["event"] == "revision"]
    assert "40P01" in failed["error"]
    assert [one["application_name"] for one in failed["blockers"]] == ["report"]
    assert applied["attempt"] == 2
    assert applied["held_ms"] < applied["waited_ms"]


def test_no_more_retries_than_allowed(project: Project) -> None:
    """After the last attempt the message says how many there were and who holds the lock."""
    project.add("things", upgrade='op.execute("CREATE TABLE public.things ()")')
    project.alembic("upgrade", "head")
    project.add("widen", upgrade=WIDEN)
    project.limit(lock_timeout="600ms", retries="1")

    with project.holding("LOCK TABLE public.things IN ACCESS SHARE MODE", for_s=30):
        text = project.failure("upgrade", "head")

    assert "attempts: 2, in " in text
    assert "(report)" in text
    assert "the revision is rolled back, the database is at r1" in text
    assert project.tables == {"things"}


def test_a_short_wait_names_who_holds_the_lock(project: Project) -> None:
    """Also one that ends before the second connection has looked; sessions that hold no such lock are left out."""
    project.add("things", upgrade='op.execute("CREATE TABLE public.things ()")')
    project.add("others", upgrade='op.execute("CREATE TABLE public.others ()")')
    project.alembic("upgrade", "head")
    project.add("widen", upgrade='op.execute("ALTER TABLE public.things ADD COLUMN name text")')
    project.limit(lock_timeout="20ms", retries="1")

    with project.holding("LOCK TABLE public.things IN ACCESS SHARE MODE", for_s=30):
        held = project.failure("upgrade", "head")
    with project.holding("LOCK TABLE public.others IN ACCESS SHARE MODE", for_s=30):
        project.alembic("upgrade", "head")

    assert held.count("lock held by: process ") == 1
    assert "(report)" in held


def test_an_invalid_index_is_dropped_before_the_next_try(project: Project) -> None:
    """What a broken CREATE INDEX CONCURRENTLY has left does not stop the next one."""
    project.execute(
        "CREATE TABLE public.things (id integer)", "INSERT INTO public.things VALUES (1), (1)"
    )
    project.add(
        "index",
        upgrade="""\
with op.get_context().autocommit_block():
    op.execute("CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS ix_things ON public.things (id)")""",
    )
    assert "could not create unique index" in project.failure("upgrade", "head")
    assert project.query(_INVALID) == ["ix_things"]
    project.execute("DELETE FROM public.things")

    out = project.alembic("upgrade", "head")

    assert "dropped the INVALID index public.ix_things" in out
    assert project.query(_INVALID) == []
    assert project.query("SELECT 'public.ix_things'::regclass::text") == ["ix_things"]


_INVALID = "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid"


def test_pauses_grow_and_end() -> None:
    """The pause grows to a bound; there is none after the last retry or after retry_time."""

    def pause(number: int, *, now_s: float = 1.0) -> float | None:
        attempt = Attempt(step=None, number=number, first_s=0.0, started_s=now_s)  # type: ignore[arg-type]
        return next_pause_s(attempt, limits=Limits(), now_s=now_s, jitter=1.0)

    assert pause(1) == 0.3
    assert pause(20) == 12.0
    assert pause(31) is None
    assert pause(1, now_s=600.0) is None
