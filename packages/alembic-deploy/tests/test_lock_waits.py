"""A migration gives up before PostgreSQL ends a session of the application over a deadlock."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from alembic_deploy.connect import run_on
from alembic_deploy.lock_waits import lock_wait_ms, sets_lock_timeout
from alembic_deploy.server_message import sqlstate_of

if TYPE_CHECKING:
    from tests.conftest import Project

ALL = "LOCK TABLE public.a, public.b, public.c IN ACCESS EXCLUSIVE MODE"
ONE = "ALTER TABLE public.a ADD COLUMN x integer"
_HAS_A = """\
SELECT count(*) FROM pg_catalog.pg_locks
WHERE relation = 'public.a'::regclass AND mode = 'AccessExclusiveLock' AND granted"""
_WAITS_FOR_A = """\
SELECT count(*) FROM pg_catalog.pg_locks
WHERE relation = 'public.a'::regclass AND mode = 'RowExclusiveLock' AND NOT granted"""


@pytest.fixture
def crossed(project: Project) -> Project:
    """Return a project with three tables of one row each."""
    project.execute(*(f"CREATE TABLE public.{name} AS SELECT 1 AS id" for name in "abc"))
    return project


def wait_until(connection: Connection, query: str, *, within_s: float) -> bool:
    """Return whether the query has counted something in time."""
    deadline_s = time.monotonic() + within_s
    while not connection.exec_driver_sql(query).scalar_one():
        if time.monotonic() > deadline_s:
            return False
        time.sleep(0.02)
    return True


def use_in_opposite_order(url: str, has_first: Event) -> str:
    """Write c, and a once the migration has locked it; return the SQLSTATE, or empty."""

    def work(connection: Connection) -> str:
        connection.exec_driver_sql("UPDATE public.c SET id = 2")
        has_first.set()
        assert wait_until(connection, _HAS_A, within_s=60)
        try:
            connection.exec_driver_sql("UPDATE public.a SET id = 2")
        except DBAPIError as error:
            connection.rollback()
            return sqlstate_of(error) or ""
        return ""

    return run_on(url, work)


def hold_b(url: str, has_first: Event) -> None:
    """Hold the lock in the middle until half a second after the other session waits for a."""

    def work(connection: Connection) -> None:
        connection.exec_driver_sql("UPDATE public.b SET id = 2")
        has_first.set()
        wait_until(connection, _WAITS_FOR_A, within_s=60)
        time.sleep(0.5)

    run_on(url, work)


def upgrade_among_others(project: Project) -> tuple[str, str]:
    """Upgrade beside both sessions; return the output, and the SQLSTATE of the one that writes."""
    starts = Event(), Event()
    with ThreadPoolExecutor() as pool:
        client = pool.submit(use_in_opposite_order, project.url, starts[0])
        holder = pool.submit(hold_b, project.url, starts[1])
        assert all(start.wait(30) for start in starts)
        out = project.alembic("upgrade", "head")
        holder.result()
        return out, client.result()


def test_the_application_is_not_the_one_that_is_ended(crossed: Project) -> None:
    """The migration gives up within deadlock_timeout after its first lock, and tries again."""
    crossed.add("all", upgrade=f"op.execute({ALL!r})")

    out, sqlstate = upgrade_among_others(crossed)

    assert sqlstate == ""
    assert "55P03" in out
    assert crossed.query("SELECT id FROM public.a") == [2]


def test_with_a_longer_wait_the_application_is_ended(crossed: Project) -> None:
    """So it goes with a lock_timeout that the revision sets itself, which is left alone."""
    own = "op.execute(\"SET LOCAL lock_timeout = '5s'\")"
    crossed.add("all", upgrade=f"{own}\nop.execute({ALL!r})")

    _, sqlstate = upgrade_among_others(crossed)

    assert sqlstate == "40P01"
    assert crossed.query("SELECT id FROM public.a") == [1]


def test_the_first_lock_may_take_lock_timeout() -> None:
    """A transaction without locks is in nobody's way: no deadlock can come of its wait."""

    def wait_ms(statement: str, *, has_locks: bool = False, limit_ms: int = 2000) -> int:
        return lock_wait_ms(statement, has_locks=has_locks, limit_ms=limit_ms, deadlock_ms=1000)

    assert wait_ms(ONE) == 2000
    assert wait_ms(ONE, limit_ms=0) == 0
    assert wait_ms(ONE, has_locks=True) == 700
    assert wait_ms(ONE, has_locks=True, limit_ms=0) == 700
    assert wait_ms(ONE, has_locks=True, limit_ms=100) == 100
    assert wait_ms(ALL) == 350
    assert wait_ms(ALL, has_locks=True) == 233
    assert wait_ms("DO 'BEGIN END'") == 2000


@pytest.mark.parametrize(
    ("statement", "is_setting"),
    [
        ("SET LOCAL lock_timeout = '5s'", True),
        ("set lock_timeout to 0", True),
        ("SET LOCAL statement_timeout = 0", False),
        ("SELECT 'SET lock_timeout'", False),
    ],
)
def test_a_revision_with_a_lock_timeout_of_its_own(statement: str, *, is_setting: bool) -> None:
    """Such a statement is recognised."""
    assert sets_lock_timeout(statement) is is_setting
