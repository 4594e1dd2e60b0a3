"""One database for all tests of rows; each test's tables live in a transaction of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest
import sqlalchemy as sa

from alembic_proof.postgres.connect import run_on
from alembic_proof.postgres.scratch import scratch_database
from alembic_proof.rows import FillReport, Shapes, TableName, fill, read_shapes

T = TypeVar("T")
Work = Callable[[sa.Connection], T]
Row = dict[str, Any]


@pytest.fixture(scope="session")
def rows_database(server_url: str) -> Iterator[str]:
    """The URL of a database for all tests of rows."""
    with scratch_database(server_url, label="rows") as url:
        yield url


@dataclass(frozen=True)
class Sandbox:
    """Runs work in a transaction that is rolled back."""

    url: str

    def run(self, work: Work[T]) -> T:
        """What the work returns; nothing of it stays."""

        def undone(connection: sa.Connection) -> T:
            try:
                return work(connection)
            finally:
                connection.rollback()

        return run_on(self.url, undone)

    def fill(self, *ddl: str, **options: Any) -> Outcome:
        """What filling the tables of this DDL gives, with all rows."""

        def work(connection: sa.Connection) -> Outcome:
            for statement in ddl:
                connection.exec_driver_sql(statement)
            shapes = read_shapes(connection)
            report = fill(connection, shapes, **options)
            return Outcome(shapes, report, {t.name: read_rows(connection, t.name) for t in shapes})

        return self.run(work)


@dataclass(frozen=True)
class Outcome:
    """What filling gave."""

    shapes: Shapes
    report: FillReport
    stored: dict[TableName, list[Row]]

    def rows(self, table: str = "t") -> list[Row]:
        """The rows of a table of the schema public."""
        return self.stored[TableName(f"public.{table}")]

    def values(self, column: str, table: str = "t") -> list[Any]:
        """A column's values, as JSON has them."""
        return [row[column] for row in self.rows(table)]

    def assert_full(self, *tables: str, rows: int = 3) -> None:
        """Ensures that each table got that many rows and that there is nothing to say about it."""
        assert self.report.not_filled == ()
        assert [str(note) for note in self.report.notes] == []
        for table in tables or ("t",):
            assert len(self.rows(table)) == rows, table


def read_rows(connection: sa.Connection, table: str) -> list[Row]:
    """All rows as JSON, in the order in which they were written."""
    result = connection.exec_driver_sql(f"SELECT to_jsonb(r) FROM {table} AS r ORDER BY r.ctid")
    return [dict(row) for row in result.scalars()]


@pytest.fixture
def sandbox(rows_database: str) -> Sandbox:
    """A transaction's worth of database."""
    return Sandbox(rows_database)
