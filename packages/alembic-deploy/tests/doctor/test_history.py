"""What is wrong with the version table is found, and a sound one is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from alembic_deploy.doctor.check import Expectations
from alembic_deploy.revisions import GraphRevision, RevisionGraph

if TYPE_CHECKING:
    from tests.doctor.conftest import Database

GRAPH = RevisionGraph.of(
    (
        GraphRevision(revision_id="a", path="a.py"),
        GraphRevision(revision_id="b", path="b.py", parents=("a",)),
        GraphRevision(revision_id="c", path="c.py", parents=("a",)),
    )
)
HISTORY = Expectations(graph=GRAPH)


def record(database: Database, *names: str) -> None:
    """Write a version table."""
    database.send("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)")
    database.send(*(f"INSERT INTO alembic_version VALUES ('{name}')" for name in names))


@pytest.mark.parametrize("names", [(), ("a",), ("b",), ("b", "c")])
def test_a_sound_version_table(database: Database, names: tuple[str, ...]) -> None:
    """None, one revision, or one of each branch."""
    record(database, *names)

    assert database.examine(HISTORY) == ()


def test_an_unknown_revision(database: Database) -> None:
    """A newer release has been here; the help says what to deploy."""
    record(database, "d")

    (found,) = database.examine(HISTORY)

    assert found.id == "unknown-revision"
    assert found.what == "the database is at revision d, which no file here has"
    assert database.examine() == ()  # which revisions have a file is not known then


def test_several_rows_on_one_branch(database: Database) -> None:
    """The older one is too much; the statement of the help removes it."""
    record(database, "a", "b")

    (found,) = database.examine(HISTORY)

    assert (found.id, found.where) == ("redundant-revision", "table public.alembic_version")
    database.send(found.todo)
    assert database.examine(HISTORY) == ()


def test_tables_without_a_revision(database: Database) -> None:
    """As after a restore without the version table; an empty database is sound."""
    assert database.examine(HISTORY) == ()

    database.send("CREATE TABLE shops (id integer)")

    (found,) = database.examine(HISTORY)
    assert found.id == "no-revision"
    assert found.what.startswith("there are 1 tables")


def test_a_version_table_in_a_schema_of_its_own(database: Database) -> None:
    """Its qualified name is quoted."""
    database.send(
        'CREATE SCHEMA "my app" CREATE TABLE version (version_num text)',
        "INSERT INTO \"my app\".version VALUES ('d')",
    )

    (found,) = database.examine(Expectations(graph=GRAPH, version_table='"my app".version'))

    assert (found.id, found.where) == ("unknown-revision", 'table "my app".version')


CHECKPOINTS = """
CREATE TABLE alembic_backfill (name text, revision text, rows_done bigint DEFAULT 7,
    started_at timestamptz DEFAULT now(), finished_at timestamptz)
"""


def test_an_unfinished_backfill(database: Database) -> None:
    """Of an applied revision; one that is finished, or whose revision is not applied, is sound."""
    record(database, "b")
    database.send(CHECKPOINTS, "INSERT INTO alembic_backfill VALUES ('later', 'c')")
    database.send("INSERT INTO alembic_backfill (name, revision) VALUES ('fill_names', 'a')")

    (found,) = database.examine(HISTORY)

    assert (found.id, found.where) == ("backfill-unfinished", "table public.alembic_backfill")
    assert found.what == "the backfill fill_names of a is not finished: 7 rows are done"
    database.send("UPDATE alembic_backfill SET finished_at = now()")
    assert database.examine(HISTORY) == ()
