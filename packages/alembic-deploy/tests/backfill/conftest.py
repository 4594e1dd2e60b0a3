"""A table whose rows a backfill fills, and the loop on it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.engine import Connection

from alembic_deploy.backfill.checkpoint import CheckpointTable
from alembic_deploy.backfill.declaration import Backfill, read_backfill
from alembic_deploy.backfill.loop import (
    BackfillFinished,
    BackfillProgress,
    BackfillSettings,
    run_backfill,
)
from alembic_deploy.connect import run_on

SMALL = BackfillSettings(first_batch_rows=50, most_batch_rows=200, wait_s=20.0)
TABLE = CheckpointTable("public.alembic_backfill")
FILL = {
    "name": "fill_labels",
    "table": "public.items",
    "set": "label = 'item ' || number, times = times + 1",
    "where": "label IS NULL",
    "undo": {"set": "label = NULL", "where": "label LIKE 'item %'"},
}


@dataclass(frozen=True, slots=True)
class Items:
    """The database with the table."""

    url: str
    small: BackfillSettings = SMALL
    """Batches of few rows."""

    def declare(self, **changes: object) -> Backfill:
        """Return the backfill that a revision declares with these changes of FILL."""
        revision = ModuleType("revision")
        vars(revision)["backfill"] = FILL | changes
        backfill = read_backfill(revision, revision="r1", path="versions/r1.py")
        assert backfill is not None
        return backfill

    def execute(self, *statements: str) -> None:
        """Run the statements and commit."""
        run_on(self.url, lambda connection: [connection.execute(text(one)) for one in statements])

    def query(self, sql: str) -> list[Any]:
        """Return the rows."""
        return run_on(self.url, lambda connection: list(map(tuple, connection.execute(text(sql)))))

    def run(
        self,
        backfill: Backfill | None = None,
        *,
        settings: BackfillSettings = SMALL,
        is_undo: bool = False,
        report: Callable[[BackfillProgress], None] = lambda _: None,
    ) -> BackfillFinished:
        """Run the loop on a connection of its own."""
        one = backfill or self.declare()

        def work(connection: Connection) -> BackfillFinished:
            return run_backfill(
                connection, one, table=TABLE, settings=settings, is_undo=is_undo, report=report
            )

        return run_on(self.url, work)

    @contextmanager
    def other_session(self, *statements: str) -> Iterator[Callable[[], None]]:
        """Run the statements in a transaction that stays open; yield what ends it."""
        end, has_begun = threading.Event(), threading.Event()

        def hold(connection: Connection) -> None:
            connection.execute(text("SET application_name = 'the other one'"))
            for one in statements:
                connection.execute(text(one))
            has_begun.set()
            end.wait(60)

        thread = threading.Thread(target=run_on, args=(self.url, hold))
        thread.start()
        try:
            assert has_begun.wait(30)
            yield end.set
        finally:
            end.set()
            thread.join(30)


@pytest.fixture
def items(scratch_url: str) -> Items:
    """Return a database with 1,000 rows to fill."""
    found = Items(scratch_url)
    found.execute(
        "CREATE TABLE public.items "
        "(id bigint PRIMARY KEY, number int, label text, times int NOT NULL DEFAULT 0)",
        "INSERT INTO public.items SELECT n, n FROM generate_series(1, 1000) AS n",
    )
    return found
