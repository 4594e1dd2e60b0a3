"""Round trips: each revision down and up again, the whole history, and with rows."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from alembic_proof.catalog import Catalog, diff
from alembic_proof.env import DatabaseUrl
from alembic_proof.finding import Severity
from packages.backend.tests.dbmodels.world import World, populate
from packages.backend.tests.history.database import BACKEND, REVISIONS, Database, before

TABLES = ("tenants", "users", "boards", "board_members", "generations", "generation_inputs")


def errors(before: Catalog, after: Catalog) -> list[str]:
    """The changes as sentences; the order of columns cannot be restored and is no error."""
    return [str(change) for change in diff(before, after) if change.severity is Severity.ERROR]


def left_by_downgrade(database: Database, revision: str) -> list[str]:
    """What is not as it was when the next revision went up and down."""
    below = database.catalog()
    database.upgrade(revision)
    database.downgrade("-1")
    return errors(below, database.catalog())


def test_every_revision_goes_down_and_up(database: Database) -> None:
    """Each downgrade restores the catalog as it was, and the upgrade after it makes the same."""
    below = database.catalog()
    for name, revision in REVISIONS.items():
        database.upgrade(revision)
        above = database.catalog()
        database.downgrade("-1")
        assert errors(below, database.catalog()) == [], f"{name}, down"
        database.upgrade(revision)
        below = database.catalog()
        assert errors(above, below) == [], f"{name}, up again"


@pytest.mark.parametrize(
    ("name", "line", "sentence"),
    [
        (
            "keep_updated_at",
            '    op.execute("DROP FUNCTION public.set_updated_at()")\n',
            "function public.set_updated_at(): unexpected",
        ),
        (
            "isolate_tenants_by_row",
            '        op.execute(f"REVOKE ALL ON TABLE public.{table} FROM boards_app")\n',
            "table public.users, grant to boards_app: none -> DELETE, INSERT, SELECT, UPDATE",
        ),
        (
            "fill_joined_at",
            '    op.alter_column("board_members", "joined_at", server_default=None)\n',
            "column public.board_members.joined_at, default: none -> now()",
        ),
    ],
)
def test_forgotten_line_is_seen(
    scratch_url: str, tmp_path: Path, name: str, line: str, sentence: str
) -> None:
    """With one line of a downgrade left out, the comparison says what stayed behind."""
    ini = shutil.copy(BACKEND / "alembic.ini", tmp_path)
    shutil.copytree(BACKEND / "alembic", tmp_path / "alembic")
    [file] = (tmp_path / "alembic" / "versions").glob(f"*_{name}.py")
    text = file.read_text(encoding="utf-8")
    assert line in text
    file.write_text(text.replace(line, ""), encoding="utf-8")
    database = Database(scratch_url, Path(ini))
    database.upgrade(before(name))

    assert sentence in left_by_downgrade(database, REVISIONS[name])


def test_nothing_is_left_at_base(database: Database) -> None:
    """After `downgrade base` the catalog is that of an empty database."""
    empty = database.catalog()

    database.upgrade()
    full = database.catalog()
    database.downgrade()

    assert diff(empty, full) != ()
    assert diff(empty, database.catalog()) == ()
    assert database.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'") == [
        ("alembic_version",)
    ]


def test_extension_of_others_survives_base(database: Database) -> None:
    """An extension that was there before the first revision is there after `downgrade base`."""
    database.execute('CREATE EXTENSION "uuid-ossp"')
    before = database.catalog()

    database.upgrade()
    database.downgrade()

    assert diff(before, database.catalog()) == ()


def test_history_goes_down_and_up_over_rows(migrated: Database) -> None:
    """With a row in every table the whole history goes down to base and up again."""
    head = migrated.catalog()
    fill(migrated)

    migrated.downgrade()
    migrated.upgrade()

    assert diff(head, migrated.catalog()) == ()


def test_rows_of_surviving_tables_stay(migrated: Database) -> None:
    """Down to where the tables were made and up again, their rows are as they were."""
    fill(migrated)
    before = contents(migrated)

    migrated.downgrade(REVISIONS["share_boards_with_members"])
    migrated.upgrade()

    assert contents(migrated) == before
    assert all(before.values())


def contents(database: Database) -> dict[str, list[Any]]:
    """The rows of the tables that are as old as the history, times included.

    When an input was added is declared lost.
    """
    queries = {table: f"SELECT to_jsonb(t)::text FROM {table} AS t" for table in TABLES}
    queries["generation_inputs"] = (
        "SELECT (to_jsonb(t) - 'created_at')::text FROM generation_inputs AS t"
    )
    return {
        table: sorted(row[0] for row in database.rows(query)) for table, query in queries.items()
    }


def fill(database: Database) -> World:
    """A tenant with a row in every table."""

    async def run() -> World:
        connection = await asyncpg.connect(DatabaseUrl.parse(database.url).dsn)
        try:
            return await populate(connection, slug="ours")
        finally:
            await connection.close()

    return asyncio.run(run())
