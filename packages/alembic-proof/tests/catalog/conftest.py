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

from alembic_deploy.errors import DeployError
from alembic_deploy.url import DatabaseUrl
from alembic_proof.catalog import Catalog, Snapshot
from alembic_proof.catalog.parse import parse_catalog, parse_with_names
from alembic_proof.catalog.prepared import without_jit
from alembic_proof.catalog.queries.dependencies import DEPENDENCIES_SQL
from alembic_proof.catalog.queries.statement import statement
from alembic_proof.catalog.read import server_major
from alembic_proof.catalog.snapshot import dependencies_of
from alembic_proof.scratch import scratch_database
from local_postgres.server import LocalServer, start

from .authored import VERSION_TABLE, AlembicProject
from .cases.sample_schema import READER, SAMPLE_SCHEMA, SPACE, WRITER

T = TypeVar("T")
_PREPARED = "alembic_proof_tests_catalog"
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
        """Return what the work returns."""
        return self.loop.run_until_complete(self.connection.run_sync(work))

    def execute(self, *statements: str) -> None:
        """Send the statements, one at a time."""
        for sql in statements:
            self.run(partial(_send, sql.replace("{database}", self.name)))

    def read(self) -> Catalog:
        """Return the catalog as it is now, in this transaction."""
        return self.run(_read_prepared)

    def snapshot(self) -> Snapshot:
        """Return the catalog and the dependencies as they are now."""
        return self.run(_snapshot_prepared)

    def rollback(self) -> None:
        """Forget what happened since the last commit."""
        self.loop.run_until_complete(self.connection.rollback())

    def commit(self) -> None:
        """Keep what happened since the last commit."""
        self.loop.run_until_complete(self.connection.commit())


def _read_prepared(connection: sa.Connection) -> Catalog:
    """Read as `read_catalog` does, with a statement that is planned once in a session."""
    text, major = _prepared_text(connection), server_major(connection)
    return parse_catalog(text, major=major, version_table=VERSION_TABLE)


def _snapshot_prepared(connection: sa.Connection) -> Snapshot:
    """Read as `read_snapshot` does, with the same statement."""
    if not connection.in_transaction():
        with connection.begin():
            return _snapshot_prepared(connection)
    text, major = _prepared_text(connection), server_major(connection)
    rows = connection.exec_driver_sql(DEPENDENCIES_SQL).all()
    catalog, names = parse_with_names(text, major=major, version_table=VERSION_TABLE)
    return Snapshot(catalog, dependencies_of(rows, names))


def _prepared_text(connection: sa.Connection) -> str:
    if not connection.in_transaction():
        with connection.begin():
            return _prepared_text(connection)
    if _PREPARED not in connection.info:
        sql = statement(major=server_major(connection))
        connection.exec_driver_sql(f"PREPARE {_PREPARED} AS {sql}")
        connection.info[_PREPARED] = True
    with without_jit(connection):
        return str(connection.exec_driver_sql(f"EXECUTE {_PREPARED}").scalar_one())


def _send(statement: str, connection: sa.Connection) -> None:
    connection.exec_driver_sql(statement)


@contextmanager
def open_database(url: str) -> Iterator[Database]:
    """Provide a connection to the URL's database."""
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
def admin_url(request: pytest.FixtureRequest, scratch_state: Path) -> str:
    """Provide the URL of a scratch server, as its superuser unless the server is a given one."""
    given = os.environ.get(TEST_SERVER)
    if given:
        return given
    scratch = LocalServer(scratch_state, durable=False)
    running = start(scratch, os.environ)
    if request.param != OLDEST:
        return running.url("postgres")
    if running.version.startswith(OLDEST):
        pytest.skip(f"the default server is PostgreSQL {OLDEST} already")
    try:
        return start(scratch, {**os.environ, MAJOR: OLDEST}).url("postgres")
    except DeployError as error:
        pytest.skip(f"PostgreSQL {OLDEST} cannot be had here: {error.what}")


@pytest.fixture(scope="session")
def empty(admin_url: str) -> Iterator[Database]:
    """Provide a database with nothing in it."""
    with scratch_database(admin_url, label="empty") as url, open_database(url) as database:
        make_roles(database)
        yield database


@dataclass(frozen=True, slots=True)
class SampleTemplate:
    """A database with the sample schema and without open connections."""

    server_url: str
    database: str

    @contextmanager
    def copy(self) -> Iterator[Database]:
        """Yield a connection to a fresh copy of it."""
        copied = scratch_database(self.server_url, template=self.database, label="sample")
        with copied as url, open_database(url) as database:
            yield database


@pytest.fixture(scope="session")
def sample_template(admin_url: str) -> Iterator[SampleTemplate]:
    """Build the sample schema once for all tests that need a copy of their own."""
    with scratch_database(admin_url, label="sample") as url:
        with open_database(url) as database:
            if not database.run(_is_superuser):
                pytest.skip(
                    "the sample schema needs a superuser: event triggers, languages, wrappers"
                )
            make_roles(database)
            _make_tablespace(database)
            database.execute(*SAMPLE_SCHEMA)
            database.commit()
        yield SampleTemplate(admin_url, database.name)


@pytest.fixture(scope="session")
def sample_database(sample_template: SampleTemplate) -> Iterator[Database]:
    """Provide the sample schema that most tests share."""
    with sample_template.copy() as database:
        yield database


@pytest.fixture
def sample(sample_database: Database) -> Iterator[Database]:
    """Provide the sample schema as it was built; the changes of a test are rolled back."""
    yield sample_database
    sample_database.rollback()


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> AlembicProject:
    """Provide a project for revisions that are written, run and deleted."""
    return AlembicProject.create(tmp_path_factory.mktemp("authored") / "alembic")


def _is_superuser(connection: sa.Connection) -> bool:
    """Provide the superuser that the cases's sentences call postgres."""
    query = "SELECT rolname FROM pg_catalog.pg_roles WHERE rolsuper AND rolname = current_user"
    return connection.exec_driver_sql(query).scalar_one_or_none() == "postgres"


def make_roles(database: Database) -> None:
    """Roles belong to the server: they stay, and may be made by several at once."""
    database.execute(_ROLES.format(reader=READER, writer=WRITER))
    database.commit()


def _make_tablespace(database: Database) -> None:
    """Create a tablespace: not possible in a transaction, nor concurrently."""
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
