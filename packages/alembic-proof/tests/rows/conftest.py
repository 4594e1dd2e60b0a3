"""One database and one connection for all tests of rows; each test's work is rolled back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from inspect import signature
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool
from sqlalchemy.util.concurrency import greenlet_spawn

from alembic_deploy.url import DatabaseUrl
from alembic_proof.rows import FillReport, TableName, UserTables, fill, read_user_tables
from alembic_proof.rows.fill import SuppliedRows
from alembic_proof.rows.savepoint_batch import execute
from alembic_proof.scratch import scratch_database

Row = dict[str, Any]
LOOP = pytest.StashKey[asyncio.AbstractEventLoop]()


@pytest.fixture(scope="session")
def rows_database(server_url: str) -> Iterator[str]:
    """Yield the URL of a database for all tests of rows."""
    with scratch_database(server_url, label="rows") as url:
        yield url


@pytest.fixture(scope="session")
def shared_connection(rows_database: str, pytestconfig: pytest.Config) -> Iterator[AsyncConnection]:
    """Yield a connection that stays open for all tests of rows.

    Nothing is cached by the text of a statement: each test has other tables of the same names.
    """
    target = DatabaseUrl.parse(rows_database)
    arguments = target.engine_arguments()["connect_args"]
    caches = {"statement_cache_size": 0, "prepared_statement_cache_size": 0}
    engine = create_async_engine(
        target.engine_url.set(drivername="postgresql+asyncpg"),
        poolclass=NullPool,
        connect_args={**arguments, **caches},
    )
    loop = pytestconfig.stash[LOOP] = asyncio.new_event_loop()
    connection = loop.run_until_complete(_connect(engine.connect()))
    yield connection
    loop.run_until_complete(connection.close())
    loop.run_until_complete(engine.dispose())
    loop.close()


async def _connect(connection: AsyncConnection) -> AsyncConnection:
    return await connection.start()


@pytest.fixture
def connection(
    shared_connection: AsyncConnection, pytestconfig: pytest.Config
) -> Iterator[sa.Connection]:
    """Yield a connection to an empty database; what a test does there is rolled back."""
    assert shared_connection.sync_connection is not None
    yield shared_connection.sync_connection
    pytestconfig.stash[LOOP].run_until_complete(shared_connection.rollback())


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a test with a connection in a greenlet, in which asyncpg can be called like psycopg."""
    if "connection" not in pyfuncitem.fixturenames:
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in signature(pyfuncitem.obj).parameters}
    loop = pyfuncitem.config.stash[LOOP]
    loop.run_until_complete(greenlet_spawn(partial(pyfuncitem.obj, **arguments)))
    return True


@dataclass(frozen=True)
class FilledTables:
    """The result of filling tables."""

    user_tables: UserTables
    report: FillReport
    stored: dict[TableName, list[Row]]

    def rows(self, table: str = "t") -> list[Row]:
        """Return the rows of a table of the schema public."""
        return self.stored[TableName(f"public.{table}")]

    def values(self, column: str, table: str = "t") -> list[Any]:
        """Return a column's values, as JSON has them."""
        return [row[column] for row in self.rows(table)]

    def assert_full(self, *tables: str, rows: int = 3) -> None:
        """Assert that each table got that many rows, without a note."""
        assert self.report.not_filled == ()
        assert [str(note) for note in self.report.notes] == []
        for table in tables or ("t",):
            assert len(self.rows(table)) == rows, table


def execute_all(connection: sa.Connection, *statements: str) -> None:
    """Execute the statements as they are written."""
    for statement in statements:
        execute(connection, statement)


def fill_tables(
    connection: sa.Connection,
    *ddl: str,
    tables: Iterable[str] | None = None,
    rows: int = 3,
    supplied: SuppliedRows | None = None,
) -> FilledTables:
    """Create the tables in an empty database, fill them, and return all rows."""
    connection.rollback()
    execute_all(connection, *ddl)
    user_tables = read_user_tables(connection)
    chosen = None if tables is None else [TableName(name) for name in tables]
    report = fill(connection, user_tables, tables=chosen, rows=rows, supplied=supplied)
    stored = {table.name: read_rows(connection, table.name) for table in user_tables}
    return FilledTables(user_tables, report, stored)


def read_rows(connection: sa.Connection, table: str) -> list[Row]:
    """Return all rows as JSON, in the order in which they were written."""
    result = execute(connection, f"SELECT to_jsonb(r) FROM {table} AS r ORDER BY r.ctid")
    return [dict(row) for row in result.scalars()]


def count(connection: sa.Connection, table_and_condition: str) -> int:
    """Return the number of rows of `t` or `t WHERE a > 1`."""
    found = execute(connection, f"SELECT count(*) FROM {table_and_condition}")
    return int(found.scalar_one())
