"""Scratch databases of a server that a URL names."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import replace

import pytest
import sqlalchemy

from alembic_deploy.connect import open_session, run_on
from alembic_deploy.errors import DatabaseError, ServerError
from alembic_deploy.url import DatabaseUrl
from alembic_proof.scratch import UrlServer, renewable_database, scratch_database
from local_postgres.client import Execute
from local_postgres.errors import SqlError


def _run(url: str, statement: str) -> None:
    def run(connection: sqlalchemy.Connection) -> None:
        connection.exec_driver_sql(statement)

    run_on(url, run, autocommit=True)


@pytest.fixture
def unprivileged_url(server_url: str) -> Iterator[str]:
    """Provide the server, as a role that may only log in."""
    role = f"alembic_proof_plain_{secrets.token_hex(4)}"
    _run(server_url, f"CREATE ROLE {role} LOGIN")
    yield DatabaseUrl.parse(server_url).with_user(role).text
    _run(server_url, f"DROP ROLE {role}")


def test_a_database_is_recreated_under_its_name(server_url: str) -> None:
    """An engine that keeps a connection to the one before connects again, none stays behind."""
    with renewable_database(server_url) as renew:
        url = renew()
        engine = sqlalchemy.create_engine(_psycopg(url), pool_size=1)
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE old (x integer)")
        assert "Connections in pool: 1" in engine.pool.status()

        assert renew() == url

        with engine.begin() as connection:
            assert sqlalchemy.inspect(connection).get_table_names() == []

    with pytest.raises(ServerError, match="does not exist"):
        _run(url, "SELECT 1")


def _psycopg(url: str) -> str:
    parsed = DatabaseUrl.parse(url)
    return replace(parsed, driver="psycopg").sqlalchemy_url


def test_a_role_without_createdb_gets_the_grant_statement(unprivileged_url: str) -> None:
    """CREATEDB is missing: one clear error that names the statement."""
    with pytest.raises(DatabaseError, match="42501") as caught, scratch_database(unprivileged_url):
        pass

    assert "CREATEDB" in caught.value.todo


def test_a_server_that_is_down_is_one_clear_error() -> None:
    """Before anything is created."""
    with pytest.raises(ServerError, match="down"), scratch_database("postgresql://u@/x?host=/no"):
        pass


_PID = "SELECT pg_catalog.pg_backend_pid()::text"


def _pid(server: UrlServer) -> str:
    return str(server.run(lambda execute: execute(_PID))[0][0])


def _is_locked(execute: Execute) -> bool:
    """Take the lock, which another session of the same login may have."""
    ((is_taken,),) = execute("SELECT pg_catalog.pg_try_advisory_lock(4861)::text")
    return is_taken == "false"


def test_one_session_serves_all_calls_of_a_block(server_url: str) -> None:
    """Outside of the block each call has one of its own."""
    server = UrlServer(server_url)

    with server.in_one_session():
        assert _pid(server) == _pid(server)

    assert _pid(server) != _pid(server)


def test_a_session_that_the_server_ended_is_opened_again(server_url: str) -> None:
    """As after idle_session_timeout, or by an administrator."""
    with UrlServer(server_url).in_one_session() as server:
        pid = _pid(server)
        UrlServer(server_url).run(
            lambda execute: execute(f"SELECT pg_catalog.pg_terminate_backend({pid}, 5000)::text")
        )

        assert _pid(server) != pid


def test_a_call_leaves_no_lock_in_the_session(server_url: str) -> None:
    """Others would wait until the session ends; it is so after a statement that fails, too."""

    def lock_and_fail(execute: Execute) -> None:
        assert not _is_locked(execute)
        execute("SELECT 1/0")

    with open_session(server_url) as run:
        run(lambda other: other.exec_driver_sql("SELECT pg_catalog.pg_advisory_lock(4861)"))
        assert UrlServer(server_url).run(_is_locked)

    with UrlServer(server_url).in_one_session() as server:
        with pytest.raises(SqlError, match="division by zero"):
            server.run(lock_and_fail)
        assert not UrlServer(server_url).run(_is_locked)
