"""Which locks of a transaction are late, and that PostgreSQL agrees."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy.engine import make_url

from alembic_deploy.lock_modes import LockMode
from alembic_proof.lint.lock_order import (
    KnownTables,
    is_upgrade,
    late_locks,
    lock_statements,
)
from alembic_proof.scratch import scratch_database

KNOWN = KnownTables.of(
    [
        "CREATE TABLE c (id int, a_id int, CONSTRAINT c_a FOREIGN KEY (a_id) REFERENCES a (id))",
        "CREATE TABLE d (id int PRIMARY KEY, b_id int REFERENCES b (id))",
        'ALTER TABLE e ADD CONSTRAINT "E_b" FOREIGN KEY (b_id, x) REFERENCES public.b (id, x)',
        "ALTER TABLE f ADD COLUMN a_id int REFERENCES a",
        "CREATE INDEX CONCURRENTLY ix ON a (x)",
    ]
)
KEY = "ALTER TABLE new ADD FOREIGN KEY (x) REFERENCES {}"
LOCK_BOTH = "LOCK TABLE public.a, public.b IN ACCESS EXCLUSIVE MODE"
ALTER = "ALTER TABLE a ADD x int"
LOCK_A = "LOCK TABLE public.a IN ACCESS EXCLUSIVE MODE"


@pytest.mark.parametrize(
    ("statements", "wanted"),
    [
        pytest.param(["ALTER TABLE a ADD x int"], [], id="one statement"),
        pytest.param(
            ["ALTER TABLE a ADD x int", "ALTER TABLE public.a ADD y int"], [], id="one table"
        ),
        pytest.param(["ALTER TABLE a ADD x int", "ALTER TABLE b ADD x int"], [LOCK_BOTH], id="two"),
        pytest.param(
            ["CREATE TABLE n (x int REFERENCES a)", "ALTER TABLE a DROP x"], [LOCK_A], id="upgrade"
        ),
        pytest.param(["UPDATE a SET x = 1", "ALTER TABLE a DROP x"], [LOCK_A], id="rows"),
        pytest.param(
            ["UPDATE a SET x = 1", "CREATE INDEX ON a (x)"],
            ["LOCK TABLE public.a IN SHARE MODE"],
            id="rows, then an index",
        ),
        pytest.param(
            ["UPDATE a SET x = 1", "ALTER TABLE a VALIDATE CONSTRAINT k", "ALTER TABLE a DROP x"],
            [LOCK_A],
            id="rows are held under a stronger mode",
        ),
        pytest.param(
            ["CREATE TABLE n (x int REFERENCES b)", "ALTER TABLE a ADD x int"],
            [LOCK_A, "LOCK TABLE public.b IN SHARE ROW EXCLUSIVE MODE"],
            id="two modes",
        ),
        pytest.param(
            ["CREATE TABLE n (x int REFERENCES a, y int REFERENCES b)"], [], id="two keys"
        ),
        pytest.param(
            ["CREATE TABLE n (x int)", "ALTER TABLE n ADD y int", "ALTER TABLE a ADD x int"],
            [],
            id="own table",
        ),
        pytest.param(
            ["CREATE TABLE n (x int)", "ALTER TABLE n RENAME TO m", "DROP TABLE m", "DROP TABLE g"],
            [],
            id="own table renamed",
        ),
        pytest.param(["SELECT * FROM a", "ALTER TABLE a ADD x int"], [], id="reads hold up nobody"),
        pytest.param(
            ["COMMENT ON TABLE a IS ''", "DROP TABLE a"], [], id="comments hold up nobody"
        ),
        pytest.param(["CREATE INDEX ON a (x)", "CREATE INDEX ON b (x)"], [], id="two indexes"),
        pytest.param(["SELECT f()", "DO 'x'", "ALTER TABLE a ADD x int"], [], id="unknown"),
        pytest.param(
            [LOCK_BOTH, "ALTER TABLE a ADD x int", "ALTER TABLE b ADD x int"], [], id="first"
        ),
        pytest.param(
            [LOCK_A, "LOCK b", "ALTER TABLE a ADD x int", "DROP TABLE b"], [], id="first, in two"
        ),
        pytest.param([LOCK_A, "DROP TABLE a", "DROP TABLE b"], [LOCK_BOTH], id="one is missing"),
        pytest.param(
            ["LOCK a IN SHARE ROW EXCLUSIVE MODE", "ALTER TABLE a ADD x int"],
            [LOCK_A],
            id="too weak",
        ),
        pytest.param(["DROP TABLE a", LOCK_BOTH, "DROP TABLE b"], [LOCK_BOTH], id="not first"),
        pytest.param(["DROP TABLE c"], [], id="what one statement reaches is locked at once"),
        pytest.param(
            ["DROP TABLE c", "ALTER TABLE a ADD x int"], [], id="what is reached is locked by then"
        ),
        pytest.param(
            ["ALTER TABLE c DROP CONSTRAINT c_a", "ALTER TABLE b ADD x int"],
            ["LOCK TABLE public.a, public.b, public.c IN ACCESS EXCLUSIVE MODE"],
            id="the foreign key's table",
        ),
        pytest.param(
            ["ALTER TABLE c DROP CONSTRAINT other", "ALTER TABLE c ADD x int"], [], id="no key"
        ),
        pytest.param(
            ['ALTER TABLE e DROP CONSTRAINT "E_b"', "DROP TABLE b"], [], id="a quoted key's table"
        ),
        pytest.param(
            ["ALTER TABLE b ALTER id TYPE bigint", "DROP TABLE a"],
            [LOCK_BOTH],
            id="a key that references other columns",
        ),
        pytest.param(
            ["DROP INDEX ix", "ALTER TABLE b ADD x int"], [LOCK_BOTH], id="the index's table"
        ),
        pytest.param(["DROP VIEW v", "DROP SEQUENCE s", "DROP TABLE a"], [], id="no tables"),
        pytest.param(["ALTER TABLE {} ADD x int", "ALTER TABLE a ADD x int"], [], id="no name"),
        pytest.param(
            ["ALTER TABLE a RENAME TO z", "ALTER TABLE z ADD x int"], [], id="a table renamed"
        ),
        pytest.param(
            ['ALTER TABLE "user" ADD x int', 'ALTER TABLE s."A b" ADD x int'],
            ['LOCK TABLE public."user", s."A b" IN ACCESS EXCLUSIVE MODE'],
            id="names in quotes",
        ),
    ],
)
def test_locks_to_take_first(statements: list[str], wanted: list[str]) -> None:
    """Each table in its strongest mode, sorted by name; nothing where no lock is late."""
    assert [*lock_statements(statements, KNOWN)] == wanted
    assert bool(late_locks(statements, KNOWN)) is bool(wanted)
    assert lock_statements([*wanted, *statements], KNOWN) == ()


def test_a_late_lock_says_what_is_held() -> None:
    """The statement, the mode, and the statement and mode of the earlier lock."""
    [late] = late_locks(["CREATE TABLE n (x int REFERENCES a)", "SELECT 1", "DROP TABLE a"], KNOWN)

    assert (late.step, late.table, late.mode) == (2, "public.a", LockMode.ACCESS_EXCLUSIVE)
    assert (late.held, late.held_step) == ("public.a", 0)
    assert late.held_mode is LockMode.SHARE_ROW_EXCLUSIVE


def test_another_default_schema() -> None:
    """LOCK TABLE shows in which schema names without one are, if they are not in public."""
    locked = "LOCK TABLE app.a, app.b IN ACCESS EXCLUSIVE MODE"
    statements = [locked, "ALTER TABLE a ADD x int", "ALTER TABLE b ADD x int"]

    assert lock_statements(statements, KnownTables.of(statements)) == ()
    assert lock_statements(statements, KnownTables()) != ()


@pytest.fixture(scope="module")
def url(server_url: str) -> Iterator[str]:
    """Yield the URL of a database with two tables, for psycopg."""
    with scratch_database(server_url) as url:
        plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain) as connection:
            connection.execute("CREATE TABLE a (id int); CREATE TABLE b (id int)")
            connection.execute("INSERT INTO a VALUES (1); INSERT INTO b VALUES (1)")
        yield plain


@pytest.mark.parametrize(
    ("first", "second", "is_deadlock"),
    [
        ("LOCK a IN SHARE ROW EXCLUSIVE MODE", ALTER, True),
        ("UPDATE a SET id = 2", ALTER, True),
        ("LOCK a IN SHARE UPDATE EXCLUSIVE MODE", ALTER, False),
        ("LOCK a IN ACCESS SHARE MODE", ALTER, False),
        ("LOCK b IN ACCESS EXCLUSIVE MODE", ALTER, True),
        ("SELECT 1", LOCK_BOTH, False),
    ],
)
def test_postgresql_agrees(url: str, first: str, second: str, *, is_deadlock: bool) -> None:
    """A client has read a, and then writes to a and b, while the transaction waits for its lock."""
    errors = list[str]()

    def wait_for_lock(connection: psycopg.Connection) -> None:
        try:
            connection.execute(second.encode())
        except psycopg.errors.DeadlockDetected:
            errors.append("deadlock")
        finally:
            connection.rollback()

    with psycopg.connect(url) as client, psycopg.connect(url) as migrator:
        client.execute("SELECT * FROM a")
        migrator.execute(first.encode())
        thread = threading.Thread(target=wait_for_lock, args=(migrator,))
        thread.start()
        wait_until_waiting(url, migrator.info.backend_pid)
        try:
            client.execute("UPDATE a SET id = 3")
            client.execute("UPDATE b SET id = 3")
        except psycopg.errors.DeadlockDetected:
            errors.append("deadlock")
        client.rollback()
        thread.join(20)

    assert errors == (["deadlock"] if is_deadlock else [])
    assert bool(late_locks([first, second], KNOWN)) is is_deadlock


def wait_until_waiting(url: str, pid: int) -> None:
    """Return when the process waits for a lock."""
    query = "SELECT count(*) FROM pg_locks WHERE pid = %s AND NOT granted"
    until = time.monotonic() + 20
    with psycopg.connect(url, autocommit=True) as observer:
        while observer.execute(query, (pid,)).fetchone() != (1,):
            assert time.monotonic() < until, "it does not wait"
            time.sleep(0.01)


def test_only_stronger_modes_that_clients_hold_up_are_upgrades() -> None:
    """ROW EXCLUSIVE and SHARE are held up by clients only if they conflict with what clients hold."""
    upgrades = {
        (held.value, wanted.value)
        for held in LockMode
        for wanted in LockMode
        if held.strength < wanted.strength and is_upgrade(held, wanted)
    }

    assert upgrades == {
        ("ROW SHARE", "SHARE"),
        ("ROW SHARE", "SHARE ROW EXCLUSIVE"),
        ("ROW SHARE", "EXCLUSIVE"),
        ("ROW SHARE", "ACCESS EXCLUSIVE"),
        ("ROW EXCLUSIVE", "SHARE"),
        ("ROW EXCLUSIVE", "SHARE ROW EXCLUSIVE"),
        ("ROW EXCLUSIVE", "EXCLUSIVE"),
        ("ROW EXCLUSIVE", "ACCESS EXCLUSIVE"),
        ("SHARE", "EXCLUSIVE"),
        ("SHARE", "ACCESS EXCLUSIVE"),
        ("SHARE ROW EXCLUSIVE", "EXCLUSIVE"),
        ("SHARE ROW EXCLUSIVE", "ACCESS EXCLUSIVE"),
        ("EXCLUSIVE", "ACCESS EXCLUSIVE"),
    }
