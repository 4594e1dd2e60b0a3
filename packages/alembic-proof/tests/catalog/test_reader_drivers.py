"""CatalogReader on synchronous drivers, in sessions that others changed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from alembic_deploy.errors import DatabaseError
from alembic_deploy.url import DatabaseUrl
from alembic_proof.catalog import CatalogReader, key, read_catalog
from alembic_proof.catalog.prepared import PreparedStatements
from alembic_proof.catalog.read import server_major

pytest.importorskip("psycopg")


def test_a_transaction_left_open_by_the_driver_is_used(scratch_url: str) -> None:
    """For a SELECT outside of a transaction psycopg begins one, SQLAlchemy 1.4 does not."""
    url = replace(DatabaseUrl.parse(scratch_url), driver="psycopg").sqlalchemy_url
    reader = CatalogReader()
    with sa.create_engine(url).connect() as connection:
        empty = reader.read(connection)
        with connection.begin():
            connection.exec_driver_sql("CREATE TABLE users (id integer)")
        driver = connection.connection.dbapi_connection
        assert driver is not None
        driver.cursor().execute("SELECT 1")

        found = reader.read(connection)
        connection.rollback()

        assert found == read_catalog(connection) != empty


_RENAME = "ALTER TABLE users RENAME COLUMN name TO called"


@pytest.fixture
def connection(scratch_url: str) -> Iterator[sa.Connection]:
    """Provide a connection to a database with a table."""
    url = replace(DatabaseUrl.parse(scratch_url), driver="psycopg").sqlalchemy_url
    with sa.create_engine(url).connect() as connection:
        _run(connection, "CREATE TABLE users (id integer, name text)")
        yield connection


def _run(connection: sa.Connection, *statements: str) -> None:
    """Each statement by itself, in no transaction: DISCARD ALL wants it so."""
    driver: Any = connection.connection.dbapi_connection
    driver.autocommit = True
    for statement in statements:
        driver.cursor().execute(statement.format(database=connection.engine.url.database))
    driver.autocommit = False


@pytest.mark.parametrize("statement", ["DISCARD TEMP", "DEALLOCATE ALL", "DISCARD ALL"])
def test_discarded_functions_and_statements_are_created_again(
    connection: sa.Connection, statement: str
) -> None:
    """Functions, prepared statements and stored settings."""
    reader = CatalogReader(is_verified=True)
    reader.read(connection)
    _run(connection, _RENAME, statement)

    assert reader.read(connection).find(key("column", "public.users.called")) is not None


@pytest.mark.parametrize(
    ("prepare", "put_back"),
    [
        ("SET default_transaction_read_only = on", "SET default_transaction_read_only = off"),
        (
            "REVOKE TEMPORARY ON DATABASE {database} FROM CURRENT_USER, PUBLIC",
            "GRANT TEMPORARY ON DATABASE {database} TO CURRENT_USER, PUBLIC",
        ),
    ],
)
def test_everything_is_read_if_functions_cannot_be_created(
    connection: sa.Connection, prepare: str, put_back: str
) -> None:
    """When they can be created again, readings are incremental again."""
    reader = CatalogReader()
    _run(connection, prepare)
    before = reader.read(connection)
    assert reader.session_settings is None
    _run(connection, put_back, _RENAME)

    found = reader.read(connection)

    assert found == read_catalog(connection) != before
    assert reader.session_settings is not None
    assert reader.read(connection) is found


def test_a_full_reader_creates_no_functions(
    connection: sa.Connection,
) -> None:
    """For a revision that conflicts with them."""
    ours = "SELECT count(*) FROM pg_proc WHERE proname LIKE 'alembic!_proof!_%%' ESCAPE '!'"
    counts = []
    for is_incremental in (False, True):
        CatalogReader(is_incremental=is_incremental).read(connection)
        counts.append(connection.exec_driver_sql(ours).scalar_one())
        connection.rollback()

    assert counts == [0, 4]


def test_a_timeout_is_an_error_with_advice(
    connection: sa.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    """It ends the session too, but the message is not that the connection is closed."""
    if server_major(connection) < 17:
        pytest.skip("the server knows no transaction_timeout")
    _run(connection, "CREATE VIEW names AS SELECT name FROM users")
    _run(connection, "SET transaction_timeout = '500ms'")

    with connection.engine.begin() as other:
        other.exec_driver_sql("LOCK TABLE names, users IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(DatabaseError) as caught:
            CatalogReader().read(connection)

    assert caught.value.what.endswith("terminating connection due to transaction timeout")
    assert caught.value.todo.startswith("raise transaction_timeout")
    connection.close()
    assert caplog.records == []


def test_asynchronous_psycopg_keeps_prepared_statements(scratch_url: str) -> None:
    """It sends DEALLOCATE ALL after a DROP, once it has prepared a statement of its own."""
    url = replace(DatabaseUrl.parse(scratch_url), driver="psycopg").sqlalchemy_url

    def work(connection: sa.Connection) -> int:
        prepared = PreparedStatements(connection)
        prepared.fetch_prepared("SELECT 1")
        for _ in range(8):
            connection.exec_driver_sql("SELECT 2")
        connection.exec_driver_sql("DROP TABLE IF EXISTS nothing")
        return int(prepared.fetch_prepared("SELECT 1")[0])

    async def run() -> int:
        engine = create_async_engine(url)
        async with engine.connect() as connection:
            found = await connection.run_sync(work)
        await engine.dispose()
        return found

    assert asyncio.run(run()) == 1
