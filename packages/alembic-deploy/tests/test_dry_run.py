"""The dry run: everything runs, nothing stays, and what cannot be rolled back is refused."""

from __future__ import annotations

from threading import Event, Thread
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.engine import Connection

from alembic_deploy.bootstrap import Bootstrap
from alembic_deploy.connect import run_on
from alembic_deploy.deployment import Deployment, Preparation
from alembic_deploy.dry_run import dry_run

if TYPE_CHECKING:
    from tests.conftest import Project

THINGS = """\
op.execute("CREATE TABLE things (id integer PRIMARY KEY)")
op.execute("CREATE TABLE parts (id integer REFERENCES things DEFERRABLE INITIALLY DEFERRED)")"""
CONCURRENTLY = """\
with op.get_context().autocommit_block():
    op.execute("CREATE INDEX CONCURRENTLY ix ON things (id)")"""


@pytest.fixture
def dry(project: Project) -> Project:
    """Return a project whose upgrades are dry runs, with a first revision that makes two tables."""
    project.add("things", upgrade=THINGS)
    project.attributes["deployment"] = Deployment(work=dry_run, preparation=Preparation.DRY_RUN)
    return project


def test_everything_runs_and_nothing_stays(dry: Project) -> None:
    """Each revision is printed as usual, and the database is as before; an upgrade follows."""
    dry.add("widen", upgrade='op.execute("ALTER TABLE things ADD COLUMN name text")')

    out = dry.alembic("upgrade", "head")

    assert "dry run: one transaction, which holds the locks of all revisions" in out
    assert "  upgrade  r2  widen" in out
    assert "dry run: rolled back, " in out
    assert " is still at base" in out
    assert dry.tables == set()
    assert dry.query("SELECT to_regclass('alembic_version')::text") == [None]
    del dry.attributes["deployment"]
    assert "base -> r2" in dry.alembic("upgrade", "head")


def test_a_failure(dry: Project) -> None:
    """The error of the second revision does not claim that the first one is applied."""
    dry.add("fail", upgrade='op.execute("ALTER TABLE nowhere ADD COLUMN name text")')

    text = dry.failure("upgrade", "head")

    assert 'relation "nowhere" does not exist' in text
    assert "now: the revision is rolled back, the database is at base" in text
    assert dry.tables == set()


def test_a_lock_that_it_does_not_get(dry: Project) -> None:
    """It waits for lock_timeout once, and tries no second time."""
    dry.attributes.pop("deployment")
    dry.alembic("upgrade", "head")
    dry.add("widen", upgrade='op.execute("ALTER TABLE things ADD COLUMN name text")')
    limits = {"lock_timeout": "300ms"}
    dry.attributes["deployment"] = Deployment(
        work=dry_run, preparation=Preparation.DRY_RUN, limits=limits
    )
    is_held, is_over = Event(), Event()

    def hold(connection: Connection) -> None:
        connection.exec_driver_sql("LOCK TABLE things")
        is_held.set()
        is_over.wait(20)

    thread = Thread(target=run_on, args=(dry.url, hold))
    thread.start()
    assert is_held.wait(10)
    text = dry.failure("upgrade", "head")
    is_over.set()
    thread.join(10)

    assert "canceling statement due to lock timeout" in text
    assert "attempts:" not in text


def test_deferred_constraints_are_checked(dry: Project) -> None:
    """Each revision's deferred checks run at its end, so that the next one may alter the table."""
    dry.add(
        "fill",
        upgrade='op.execute("INSERT INTO things VALUES (1)")\nop.execute("INSERT INTO parts VALUES (1)")',
    )
    dry.add("widen", upgrade='op.execute("ALTER TABLE parts ADD COLUMN name text")')
    assert "is still at base" in dry.alembic("upgrade", "head")

    dry.add("break", upgrade='op.execute("INSERT INTO parts VALUES (2)")')
    assert "violates foreign key constraint" in dry.failure("upgrade", "head")


def test_the_constraint_is_deferred_again(dry: Project) -> None:
    """A revision may insert in either order, as it may in an upgrade."""
    for title in ("fill", "fill more"):
        number = 1 if title == "fill" else 2
        dry.add(
            title,
            upgrade=f'op.execute("INSERT INTO parts VALUES ({number})")\nop.execute("INSERT INTO things VALUES ({number})")',
        )

    assert "is still at base" in dry.alembic("upgrade", "head")


def test_an_autocommit_block_is_refused_before_anything_runs(dry: Project) -> None:
    """The message names the revision and its statement; the revisions before it can be tried."""
    dry.add("index", upgrade=CONCURRENTLY)

    text = dry.failure("upgrade", "head")

    assert (
        "a dry run is not possible: upgrade of r2 (index) has a part outside of transactions"
        in text
    )
    assert "statement: CREATE INDEX CONCURRENTLY ix ON things (id)" in text
    assert "help: name the revision before it, r1, as the target" in text
    assert "is still at base" in dry.alembic("upgrade", "r1")


READS = "assert op.get_bind().exec_driver_sql('SELECT 1').scalar()\n"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ('op.execute("COMMIT")', "the revision ends the transaction itself"),
        ('op.execute("ROLLBACK")', "the revision ends the transaction itself"),
        ("op.get_bind().commit()", "the revision ends the transaction itself"),
        (CONCURRENTLY, "its autocommit block cannot be part of a dry run"),
    ],
)
def test_a_commit_that_no_sql_shows_before(dry: Project, body: str, reason: str) -> None:
    """A revision whose SQL is not known before is stopped when it commits; nothing stays."""
    dry.add("commit", upgrade=READS + body)

    assert reason in dry.failure("upgrade", "head")
    assert dry.tables == set()


def test_a_savepoint(dry: Project) -> None:
    """A revision may roll back to a savepoint of its own."""
    body = """\
nested = op.get_bind().begin_nested()
op.execute("CREATE TABLE lost ()")
nested.rollback()
op.execute("CREATE TABLE lost ()")"""
    dry.add("nest", upgrade=READS + body)

    assert "is still at base" in dry.alembic("upgrade", "head")


def test_a_new_value_of_an_enum(dry: Project) -> None:
    """PostgreSQL lets no revision use it in the same transaction: the message says so."""
    dry.attributes.pop("deployment")
    dry.add("enum", upgrade="op.execute(\"CREATE TYPE mood AS ENUM ('good')\")")
    dry.alembic("upgrade", "head")
    dry.add("value", upgrade="op.execute(\"ALTER TYPE mood ADD VALUE 'bad'\")")
    dry.add("use", upgrade="op.execute(\"SELECT CAST('bad' AS mood)\")")
    dry.attributes["deployment"] = Deployment(work=dry_run, preparation=Preparation.DRY_RUN)

    text = dry.failure("upgrade", "head")

    assert "unsafe use of new value" in text
    assert "in a dry run it is not committed before the next one" in text


def test_the_bootstrap_does_not_run(dry: Project) -> None:
    """Roles and what else it makes would stay."""
    dry.arguments["bootstrap"] = Bootstrap(("CREATE TABLE made ()",), "SELECT false")

    dry.alembic("upgrade", "head")

    assert dry.tables == set()
