"""Waits for a lock that nobody releases, and waits that end by themselves."""

from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from alembic_deploy.connect import run_on
from alembic_proof.history.lock_wait import LockWaitError, LockWatch

_HELD = "LOCK TABLE t IN ACCESS EXCLUSIVE MODE"
_WAITING = "SELECT count(*) FROM t"


@pytest.fixture
def table_url(scratch_url: str) -> str:
    """Return the URL of a database with the table t."""

    def create(connection: sa.Connection) -> None:
        connection.exec_driver_sql("CREATE TABLE t (id integer)")

    run_on(scratch_url, create)
    return scratch_url


def wait_for(url: str, watch: LockWatch, *, holder: str) -> BaseException | None:
    """Return the error of a statement that waits for a session which has run `holder` and stays open."""
    is_held, is_over = threading.Event(), threading.Event()

    def hold(connection: sa.Connection) -> None:
        connection.exec_driver_sql(_HELD)
        is_held.set()
        connection.exec_driver_sql(holder)
        is_over.wait(10)

    thread = threading.Thread(target=run_on, args=(url, hold))
    thread.start()
    assert is_held.wait(10)
    try:
        with watch.watching():
            watch.begin()
            run_on(url, lambda connection: connection.exec_driver_sql(_WAITING).scalar_one())
    except DBAPIError as error:
        return watch.explain(error)
    finally:
        is_over.set()
        thread.join()
    return None


def test_a_wait_for_a_session_that_does_nothing_is_ended_and_explained(table_url: str) -> None:
    """The error names both sessions and what they said."""
    found = wait_for(table_url, LockWatch(table_url, timeout_s=0.2), holder="SELECT 1")

    assert isinstance(found, LockWaitError)
    assert found.waiter.statement == _WAITING
    assert found.holder.statement == "SELECT 1"
    assert found.state == "idle in transaction"
    assert f"pid {found.waiter.pid}" in str(found)


def test_a_wait_for_a_session_that_works_is_none(table_url: str) -> None:
    """It ends by itself when the other's statement does."""

    def release(connection: sa.Connection) -> None:
        connection.exec_driver_sql(_HELD)
        is_held.set()
        connection.exec_driver_sql("SELECT pg_sleep(0.6)")

    is_held = threading.Event()
    thread = threading.Thread(target=run_on, args=(table_url, release))
    thread.start()
    assert is_held.wait(10)
    watch = LockWatch(table_url, timeout_s=0.2)
    with watch.watching():
        watch.begin()
        number = run_on(table_url, lambda c: c.exec_driver_sql(_WAITING).scalar_one())
    thread.join()

    assert number == 0


def test_a_cancellation_by_another_session_is_not_explained(table_url: str) -> None:
    """Only what was ended here is explained."""

    def sleep(connection: sa.Connection) -> None:
        connection.exec_driver_sql("SET LOCAL statement_timeout = 50")
        connection.exec_driver_sql("SELECT pg_sleep(5)")

    watch = LockWatch(table_url, timeout_s=0.2)
    with watch.watching():
        watch.begin()
        with pytest.raises(DBAPIError) as caught:
            run_on(table_url, sleep)

    assert watch.explain(caught.value) is caught.value
