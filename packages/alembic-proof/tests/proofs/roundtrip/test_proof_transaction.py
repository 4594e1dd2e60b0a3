"""Transactions of our own between two steps, whatever env.py makes of its connection."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
import sqlalchemy as sa

from alembic_deploy.connect import run_on
from alembic_deploy.url import DatabaseUrl
from alembic_proof.proofs.roundtrip.proof_transaction import proof_transaction
from alembic_proof.rows import digest

from .site import NOTES, USERS, Site

_NO_LONG_TRANSACTION = """SELECT set_config(name, '90s', false) FROM pg_settings
WHERE name = 'transaction_timeout'"""


def test_timeouts_of_the_session_do_not_bind_our_statements(site: Site) -> None:
    """Nor are they changed: afterwards they are as env.py has set them."""
    site.run("SET statement_timeout = '90s'", "SET lock_timeout = '80s'")

    with proof_transaction(site.connection):
        inside = timeouts(site.connection)

    assert (inside, timeouts(site.connection)) == (["0", "0"], ["90s", "80s"])


@pytest.mark.parametrize("is_savepoint", [False, True])
def test_our_statements_are_not_compiled(site: Site, *, is_savepoint: bool) -> None:
    """A stock server compiles what it takes for costly; the revision's statements may be compiled."""
    site.run("SET jit = on")
    if is_savepoint:
        jit(site)

    with proof_transaction(site.connection):
        inside = jit(site)

    assert (inside, jit(site)) == ("off", "on")


@pytest.mark.parametrize("is_savepoint", [False, True])
def test_no_timeout_ends_the_session_while_we_work(site: Site, *, is_savepoint: bool) -> None:
    """Also where all steps share one transaction; there they are as before afterwards."""
    names = ["idle_in_transaction_session_timeout", "statement_timeout", *_transaction(site)]
    site.run(*(f"SET {name} = '300ms'" for name in names))
    if is_savepoint:
        site.connection.exec_driver_sql("SELECT 1")

    with proof_transaction(site.connection):
        site.connection.exec_driver_sql("SELECT pg_sleep(0.4)")
        time.sleep(0.4)
        site.connection.exec_driver_sql("SELECT 1")

    assert site.connection.in_transaction() == is_savepoint
    for name in names:
        assert site.connection.exec_driver_sql(f"SHOW {name}").scalar_one() == "300ms"


def test_they_do_end_it_where_we_do_not(scratch_url: str) -> None:
    """So that the test above shows something."""

    def wait(connection: sa.Connection) -> None:
        connection.exec_driver_sql("SET idle_in_transaction_session_timeout = '100ms'")
        connection.commit()
        connection.exec_driver_sql("SELECT 1")
        time.sleep(0.3)
        with pytest.raises(sa.exc.DBAPIError):
            connection.exec_driver_sql("SELECT 1")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_on(scratch_url, wait)


def _transaction(site: Site) -> list[str]:
    """PostgreSQL 17 and newer have it."""
    sql = "SELECT current_setting('transaction_timeout', true) IS NOT NULL"
    return ["transaction_timeout"] if site.connection.exec_driver_sql(sql).scalar_one() else []


@pytest.mark.parametrize(
    "obstacle",
    [
        (),
        ("SET DateStyle = 'German'", "SET extra_float_digits = -5", "SET search_path = pg_catalog"),
        ("SET statement_timeout = '90s'",),
        (_NO_LONG_TRANSACTION,),
        ("ALTER TABLE public.users ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",),
        ("REVOKE ALL ON public.notes FROM CURRENT_USER",),
    ],
    ids=["none", "settings", "timeout", "transaction timeout", "forced", "unreadable"],
)
def test_reading_in_one_statement_gives_the_same_digests(
    site: Site, obstacle: tuple[str, ...]
) -> None:
    """The session's settings are kept, and an unreadable table does not prevent reading the others."""
    site.run("ALTER TABLE users ADD COLUMN x float8 DEFAULT 0.1 + 0.2, ADD COLUMN d date")
    site.synthetic_rows.fill(site.context)
    site.run(*obstacle)
    set_before = settings(site.connection)

    found = site.synthetic_rows.read(site.context)

    assert settings(site.connection) == set_before
    with proof_transaction(site.connection):
        assert found == digest(site.connection, site.synthetic_rows.user_tables)
    is_read = found.find(NOTES) is not None
    assert is_read == ("REVOKE" not in str(obstacle))
    assert found.unread or is_read
    users = found.find(USERS)
    assert users is not None
    assert users.count == 3


def test_a_transaction_that_runs_goes_on(site: Site) -> None:
    """Where all steps share one transaction our work is a savepoint of it."""
    site.connection.exec_driver_sql("INSERT INTO users VALUES (1, 'Ann')")

    site.synthetic_rows.fill(site.context)

    assert site.connection.in_transaction()
    site.connection.rollback()
    assert site.rows("users") == []


def settings(connection: sa.Connection) -> list[tuple[str, str]]:
    """Return the settings of the session, without what the proof notes for itself."""
    sql = (
        "SELECT name, setting FROM pg_catalog.pg_settings WHERE name !~ '^alembic_proof' ORDER BY 1"
    )
    rows = [(str(name), str(setting)) for name, setting in connection.exec_driver_sql(sql)]
    connection.rollback()
    return rows


def timeouts(connection: sa.Connection) -> list[str]:
    """Return the session's two timeouts."""
    names = ("statement_timeout", "lock_timeout")
    return [str(connection.exec_driver_sql(f"SHOW {name}").scalar_one()) for name in names]


def break_off(connection: sa.Connection) -> None:
    """Write a row, and fail."""
    with proof_transaction(connection):
        connection.exec_driver_sql("INSERT INTO t VALUES (1)")
        raise ZeroDivisionError


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
def test_work_is_atomic_if_the_driver_commits_each_statement(scratch_url: str, driver: str) -> None:
    """An env.py in AUTOCOMMIT: what breaks leaves nothing, what does not stays; then as before."""

    def work(connection: sa.Connection) -> list[object]:
        connection.exec_driver_sql("CREATE TABLE t (id integer)")
        with pytest.raises(ZeroDivisionError):
            break_off(connection)
        with proof_transaction(connection):
            connection.exec_driver_sql("INSERT INTO t VALUES (2)")
        connection.exec_driver_sql("INSERT INTO t VALUES (3)")
        connection.rollback()
        return list(connection.exec_driver_sql("SELECT id FROM t ORDER BY id").scalars())

    pytest.importorskip(driver)
    url = replace(DatabaseUrl.parse(scratch_url), driver=driver).sqlalchemy_url
    assert run_on(url, work, autocommit=True) == [2, 3]


def jit(site: Site) -> str:
    """Whether costly statements are compiled now."""
    return str(site.connection.exec_driver_sql("SHOW jit").scalar_one())
