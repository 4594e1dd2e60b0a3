"""A database, its examination, and logins that end with the test."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import psycopg
import pytest
from sqlalchemy import create_engine
from sqlalchemy.engine import Connection
from sqlalchemy.pool import NullPool

from alembic_deploy.connect import run_on
from alembic_deploy.doctor.check import Expectations
from alembic_deploy.doctor.examine import examine
from alembic_deploy.errors import ServerError
from alembic_deploy.finding import Finding
from alembic_deploy.url import DatabaseUrl

SUPERUSER = "postgres"


@dataclass(frozen=True, slots=True)
class Database:
    """A database of a test."""

    url: str

    @property
    def owner(self) -> str:
        """The login that owns it."""
        return DatabaseUrl.parse(self.url).user or ""

    def send(self, *statements: str) -> None:
        """Send the statements in one transaction."""
        run_on(self.url, lambda connection: [connection.exec_driver_sql(sql) for sql in statements])

    def send_alone(self, *statements: str) -> None:
        """Send each statement outside of a transaction."""

        def work(connection: Connection) -> None:
            for sql in statements:
                connection.exec_driver_sql(sql)

        run_on(self.url, work, autocommit=True)

    def examine(self, expected: Expectations | None = None) -> tuple[Finding, ...]:
        """Return what the doctor finds."""
        return run_on(self.url, lambda connection: examine(connection, expected=expected))

    def findings(self, expected: Expectations | None = None) -> list[tuple[str, str]]:
        """Return the id and the place of each finding."""
        return [(one.id, one.where) for one in self.examine(expected)]

    @contextmanager
    def session(self, *statements: str) -> Iterator[Connection]:
        """Yield a session of another program, in a transaction that has run the statements."""
        dsn = DatabaseUrl.parse(self.url).dsn
        engine = create_engine(
            "postgresql+psycopg://",
            poolclass=NullPool,
            creator=lambda: psycopg.connect(dsn, application_name="another program"),
        )
        with engine.connect() as connection:
            for sql in statements:
                connection.exec_driver_sql(sql)
            yield connection
        engine.dispose()


class MakeRole(Protocol):
    """Creates a role and returns its name."""

    def __call__(self, options: str = "LOGIN", *, by: Database | None = None) -> str:
        """Create it with these options, as the owner or as `by`."""


@pytest.fixture
def make_role(server_url: str) -> Iterator[MakeRole]:
    """Yield a function that creates roles, which are dropped after the test's database."""
    made: list[tuple[str, Database]] = []

    def make(options: str = "LOGIN", *, by: Database | None = None) -> str:
        name = f"doctor_{secrets.token_hex(6)}"
        maker = Database(
            DatabaseUrl.parse(server_url).with_user(by.owner).dsn if by else server_url
        )
        maker.send(f"CREATE ROLE {name} {options}")
        made.append((name, maker))
        return name

    yield make
    for name, maker in reversed(made):
        maker.send(f"DROP ROLE {name}")


@pytest.fixture
def database(make_role: MakeRole, scratch_url: str) -> Database:
    """Provide an empty database; roles outlive it, since they may own what is in it."""
    return Database(scratch_url)


@pytest.fixture
def superuser(database: Database) -> Database:
    """Provide the same database, as the server's superuser."""
    superuser = Database(DatabaseUrl.parse(database.url).with_user(SUPERUSER).dsn)
    try:
        superuser.send("SELECT 1")
    except ServerError:
        pytest.skip("the scratch server is another's: its superuser is not known")
    return superuser
