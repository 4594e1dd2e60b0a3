"""The reader on a synchronous driver, in sessions that others have been at."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from alembic_proof.catalog import CatalogReader, key, read_catalog
from alembic_proof.catalog.prepared import Prepared
from alembic_proof.catalog.read import server_major
from alembic_proof.errors import DatabaseError
from alembic_proof.postgres.url import DatabaseUrl

pytest.importorskip("psycopg")


def test_a_transaction_that_the_driver_was_left_in_is_read_in(scratch_url: str) -> None:
    """SQLAlchemy 1.4 begins none for a SELECT outside of a transaction, psycopg does."""
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
    """A connection to a database with a table."""
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
def test_what_a_session_has_discarded_is_made_again(
    connection: sa.Connection, statement: str
) -> None:
    """Functions, prepared statements, what was noted."""
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
def test_where_no_function_can_be_made_everything_is_read(
    connection: sa.Connection, prepare: str, put_back: str
) -> None:
    """And as soon as one can be made again, what was touched is followed."""
    reader = CatalogReader()
    _run(connection, prepare)
    before = reader.read(connection)
    assert reader.lasting is None
    _run(connection, put_back, _RENAME)

    found = reader.read(connection)

    assert found == read_catalog(connection) != before
    assert reader.lasting is not None
    assert reader.read(connection) is found


def test_a_reader_that_does_not_follow_leaves_nothing_in_the_session(
    connection: sa.Connection,
) -> None:
    """For a revision that our functions would be in the way of."""
    ours = "SELECT count(*) FROM pg_proc WHERE proname LIKE 'alembic!_proof!_%%' ESCAPE '!'"
    counts = []
    for is_following in (False, True):
        CatalogReader(is_following=is_following).read(connection)
        counts.append(connection.exec_driver_sql(ours).scalar_one())
        connection.rollback()

    assert counts == [0, 4]


def test_a_timeout_that_ends_a_reading_is_named_with_what_to_do(
    connection: sa.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    """It ends the session, too: that the connection is gone afterwards is not what is told."""
    if server_major(connection) < 17:
        pytest.skip("the server knows no transaction_timeout")
    _run(connection, "CREATE VIEW names AS SELECT name FROM users")
    _run(connection, "SET transaction_timeout = '500ms'")

    with connection.engine.begin() as other:
        other.exec_driver_sql("LOCK TABLE names, users IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(DatabaseError) as caught:
            CatalogReader().read(connection)

    assert caught.value.what.endswith("terminating connection due to transaction timeout")
    assert caught.value.todo.startswith("let transaction_timeout be longer")
    connection.close()
    assert caplog.records == []


def test_an_asynchronous_psycopg_leaves_what_is_prepared_alone(scratch_url: str) -> None:
    """It sends DEALLOCATE ALL after a DROP, once it has prepared a statement of its own."""
    url = replace(DatabaseUrl.parse(scratch_url), driver="psycopg").sqlalchemy_url

    def work(connection: sa.Connection) -> int:
        prepared = Prepared(connection)
        prepared.row("SELECT 1")
        for _ in range(8):
            connection.exec_driver_sql("SELECT 2")
        connection.exec_driver_sql("DROP TABLE IF EXISTS nothing")
        return int(prepared.row("SELECT 1")[0])

    async def run() -> int:
        engine = create_async_engine(url)
        async with engine.connect() as connection:
            found = await connection.run_sync(work)
        await engine.dispose()
        return found

    assert asyncio.run(run()) == 1
