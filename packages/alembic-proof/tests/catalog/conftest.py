"""One connection as superuser per major version, kept open for all tests of this directory."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from alembic_proof.catalog import Catalog, read_catalog
from alembic_proof.errors import ProofError
from alembic_proof.postgres.scratch import scratch_database
from alembic_proof.postgres.server import LocalServer, start
from alembic_proof.postgres.url import DatabaseUrl

from .battery.zoo import READER, SPACE, WRITER, ZOO

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[4]
TEST_SERVER = "ALEMBIC_PROOF_TEST_SERVER"
MAJOR = "ALEMBIC_PROOF_PG_MAJOR"
OLDEST = "15"
SERVERS = (
    ("default",) if os.environ.get(MAJOR) or os.environ.get(TEST_SERVER) else ("default", OLDEST)
)
"""The server that all tests use and the oldest major; the one that was asked for by itself."""

_ROLES = """DO $$
DECLARE one text;
BEGIN
    FOREACH one IN ARRAY ARRAY['{reader}', '{writer}'] LOOP
        BEGIN
            EXECUTE 'CREATE ROLE ' || one;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
        END;
    END LOOP;
END $$"""


@dataclass(frozen=True, slots=True)
class Database:
    """An open connection and the loop that it lives in."""

    name: str
    major: int
    loop: asyncio.AbstractEventLoop
    connection: AsyncConnection

    def run(self, work: Callable[[sa.Connection], T]) -> T:
        """What the work returns."""
        return self.loop.run_until_complete(self.connection.run_sync(work))

    def execute(self, *statements: str) -> None:
        """Send the statements, one at a time."""
        for statement in statements:
            self.run(partial(_send, statement.replace("{database}", self.name)))

    def read(self) -> Catalog:
        """The catalog as it is now, in this transaction."""
        return self.run(partial(read_catalog, keep_prepared=True))

    def rollback(self) -> None:
        """Forget what happened since the last commit."""
        self.loop.run_until_complete(self.connection.rollback())

    def commit(self) -> None:
        """Keep what happened since the last commit."""
        self.loop.run_until_complete(self.connection.commit())


def _send(statement: str, connection: sa.Connection) -> None:
    connection.exec_driver_sql(statement)


@contextmanager
def open_database(url: str) -> Iterator[Database]:
    """A connection to the URL's database."""
    target = DatabaseUrl.parse(url)
    loop = asyncio.new_event_loop()
    engine = create_async_engine(target.engine_url, poolclass=NullPool, **target.engine_arguments())
    connection = loop.run_until_complete(engine.connect())
    major = (engine.dialect.server_version_info or (0,))[0]
    try:
        yield Database(target.database or "", int(major), loop, connection)
    finally:
        loop.run_until_complete(connection.close())
        loop.run_until_complete(engine.dispose())
        loop.close()


@pytest.fixture(scope="session", params=SERVERS)
def admin_url(request: pytest.FixtureRequest) -> str:
    """The URL of a scratch server, as its superuser unless the server is a given one."""
    given = os.environ.get(TEST_SERVER)
    if given:
        return given
    scratch = LocalServer(ROOT / ".postgres", durable=False)
    running = start(scratch, os.environ)
    if request.param != OLDEST:
        return running.url("postgres")
    if running.version.startswith(OLDEST):
        pytest.skip(f"the default server is PostgreSQL {OLDEST} already")
    try:
        return start(scratch, {**os.environ, MAJOR: OLDEST}).url("postgres")
    except ProofError as error:
        pytest.skip(f"PostgreSQL {OLDEST} cannot be had here: {error.what}")


@pytest.fixture(scope="session")
def empty(admin_url: str) -> Iterator[Database]:
    """A database with nothing in it."""
    with scratch_database(admin_url, label="empty") as url, open_database(url) as database:
        make_roles(database)
        yield database


@contextmanager
def open_zoo(admin_url: str) -> Iterator[Database]:
    """A fresh database with the zoo in it."""
    with scratch_database(admin_url, label="zoo") as url, open_database(url) as database:
        if not database.run(_is_superuser):
            pytest.skip("the zoo wants a superuser: event triggers, languages, wrappers")
        make_roles(database)
        _make_tablespace(database)
        database.execute(*ZOO)
        database.commit()
        yield database


@pytest.fixture(scope="session")
def built_zoo(admin_url: str) -> Iterator[Database]:
    """The zoo that most tests share."""
    with open_zoo(admin_url) as database:
        yield database


@pytest.fixture
def zoo(built_zoo: Database) -> Iterator[Database]:
    """The zoo as it was built; what a test does to it is rolled back."""
    yield built_zoo
    built_zoo.rollback()


def _is_superuser(connection: sa.Connection) -> bool:
    """The superuser that the battery's sentences call postgres."""
    query = "SELECT rolname FROM pg_catalog.pg_roles WHERE rolsuper AND rolname = current_user"
    return connection.exec_driver_sql(query).scalar_one_or_none() == "postgres"


def make_roles(database: Database) -> None:
    """Roles belong to the server: they stay, and may be made by several at once."""
    database.execute(_ROLES.format(reader=READER, writer=WRITER))
    database.commit()


def _make_tablespace(database: Database) -> None:
    """A tablespace cannot be made in a transaction, nor twice at once."""
    database.execute("SET allow_in_place_tablespaces = on")
    database.commit()
    connection = database.loop.run_until_complete(
        database.connection.execution_options(isolation_level="AUTOCOMMIT")
    )
    try:
        database.execute(f"CREATE TABLESPACE {SPACE} LOCATION ''")
    except sa.exc.ProgrammingError as error:
        if "already exists" not in str(error):
            raise
    database.loop.run_until_complete(connection.rollback())
    database.loop.run_until_complete(connection.execution_options(isolation_level="READ COMMITTED"))
