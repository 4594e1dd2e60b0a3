"""Throwaway databases: fresh, dropped whatever happens, and swept when a run was killed."""

from __future__ import annotations

import secrets
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy

from alembic_proof.errors import DatabaseError, ServerError
from alembic_proof.postgres.connect import run_on
from alembic_proof.postgres.scratch import (
    ensure_roles,
    renewable_database,
    scratch_database,
    scratch_server,
)
from alembic_proof.postgres.server import LocalServer, start
from alembic_proof.postgres.url import DatabaseUrl

_EIGHT = """
import os, sys
from pathlib import Path
from alembic_proof.postgres.connect import run_on
from alembic_proof.postgres.scratch import scratch_database, scratch_server
with scratch_database(scratch_server(os.environ, state=Path(sys.argv[1]))) as url:
    print(run_on(url, lambda c: c.exec_driver_sql("SELECT current_user").scalar_one()))
"""


def _run(url: str, statement: str) -> list[object]:
    def do(connection: sqlalchemy.Connection) -> list[object]:
        result = connection.exec_driver_sql(statement)
        return [row[0] for row in result] if result.returns_rows else []

    return run_on(url, do, autocommit=True)


def _exists(server_url: str, name: str) -> bool:
    return bool(_run(server_url, f"SELECT 1 FROM pg_database WHERE datname = '{name}'"))


def _name(url: str) -> str:
    return DatabaseUrl.parse(url).database or ""


def test_a_scratch_database_is_empty_ours_and_dropped(server_url: str) -> None:
    """It belongs to an ordinary role, and nothing of it stays."""
    with scratch_database(server_url, label="Hällo, World") as url:
        tables = _run(
            url, "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        )
        role = _run(
            url,
            "SELECT (rolsuper, rolbypassrls, rolcreatedb, rolcreaterole)::text FROM pg_roles"
            " WHERE rolname = current_user",
        )
        _run(url, "CREATE TABLE mine (x integer)")
        assert _exists(server_url, _name(url))

    assert tables == [0]
    assert role == ["(f,f,t,t)"]
    assert _name(url).startswith("alembic_proof_")
    assert _name(url).endswith("_h_llo_world")
    assert not _exists(server_url, _name(url))


def test_it_is_dropped_when_the_work_raises_and_while_somebody_is_connected(
    server_url: str,
) -> None:
    """The work's own error passes through; the other session is ended."""
    other: list[subprocess.Popen[str]] = []
    code = (
        "import sys; from alembic_proof.postgres.connect import run_on; "
        "run_on(sys.argv[1], lambda c: (c.exec_driver_sql('SELECT 1'), "
        "print('in', flush=True), sys.stdin.read(), c.exec_driver_sql('SELECT 1')))"
    )

    def fail(url: str) -> None:
        process = subprocess.Popen(
            [sys.executable, "-c", code, url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        other.append(process)
        assert process.stdout is not None
        process.stdout.readline()
        raise KeyError(_name(url))

    with pytest.raises(KeyError) as caught, scratch_database(server_url) as url:
        fail(url)

    assert not _exists(server_url, caught.value.args[0])
    other[0].communicate(timeout=20)
    assert other[0].returncode != 0


def test_a_template_is_copied(server_url: str, scratch_url: str) -> None:
    """The copy has what the template has, and goes its own way."""
    _run(scratch_url, "CREATE TABLE copied AS SELECT 1 AS x")

    with scratch_database(server_url, template=_name(scratch_url)) as url:
        _run(url, "INSERT INTO copied VALUES (2)")
        assert _run(url, "SELECT sum(x)::integer FROM copied") == [3]

    assert _run(scratch_url, "SELECT sum(x)::integer FROM copied") == [1]


def test_leftovers_are_swept_by_age_and_only_under_the_prefix(
    state: Path, environ: dict[str, str]
) -> None:
    """Old ones go; young ones, foreign names and those in use stay."""
    server_url = scratch_server(environ, state=state)  # on a shared one, others sweep as well
    old = datetime.now(UTC) - timedelta(hours=2)
    stamp, recent = old.strftime("%Y%m%dt%H%M%S"), datetime.now(UTC).strftime("%Y%m%dt%H%M%S")
    gone = f"alembic_proof_{stamp}_00000001"
    used = f"alembic_proof_{stamp}_00000002_used"
    young = f"alembic_proof_{recent}_00000003"
    foreign = f"alembic_proofs_{stamp}_00000004"
    for name in (gone, used, young, foreign):
        _run(server_url, f"CREATE DATABASE {name}")

    in_use = DatabaseUrl.parse(server_url).with_database(used).text
    run_on(in_use, lambda _: _enter_and_leave(server_url))

    assert not _exists(server_url, gone)
    assert all(_exists(server_url, name) for name in (used, young, foreign))


def _enter_and_leave(server_url: str) -> None:
    """Use a scratch database in another process: this one's event loop is taken."""
    code = (
        "import sys; from alembic_proof.postgres.scratch import scratch_database\n"
        "with scratch_database(sys.argv[1]): pass"
    )
    subprocess.run([sys.executable, "-c", code, server_url], check=True)


@pytest.fixture
def unprivileged(server_url: str) -> Iterator[str]:
    """The server, as a role that may only log in."""
    role = f"alembic_proof_plain_{secrets.token_hex(4)}"
    _run(server_url, f"CREATE ROLE {role} LOGIN")
    yield DatabaseUrl.parse(server_url).with_user(role).text
    _run(server_url, f"DROP ROLE {role}")


def test_a_role_without_the_right_is_told_the_statement(unprivileged: str) -> None:
    """CREATEDB is missing: one clear error that says what to grant."""
    with pytest.raises(DatabaseError, match="42501") as caught, scratch_database(unprivileged):
        pass

    assert "CREATEDB" in caught.value.todo


def test_a_database_is_made_anew_under_its_name(server_url: str) -> None:
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

    assert not _exists(server_url, _name(url))


def _psycopg(url: str) -> str:
    parsed = DatabaseUrl.parse(url)
    return replace(parsed, driver="psycopg").sqlalchemy_url


def test_roles_are_made_once_and_can_be_acted_as(server_url: str, scratch_url: str) -> None:
    """A revision can grant to them, and give them what it makes; they stay."""
    role = f"alembic_proof_reader_{secrets.token_hex(4)}"

    try:
        for _ in range(2):
            ensure_roles(server_url, (role,))

        _run(scratch_url, "CREATE TABLE books (x integer)")
        _run(scratch_url, f"GRANT SELECT ON books TO {role}")
        _run(scratch_url, f"GRANT CREATE ON SCHEMA public TO {role}")
        _run(scratch_url, f"ALTER TABLE books OWNER TO {role}")
        _run(scratch_url, f"DROP OWNED BY {role}")
        assert _run(server_url, f"SELECT rolcanlogin FROM pg_roles WHERE rolname = '{role}'") == [
            False
        ]
    finally:
        _run(server_url, f"DROP ROLE IF EXISTS {role}")


def test_a_role_that_may_not_be_made_says_what_to_grant(unprivileged: str) -> None:
    """CREATEROLE is missing; a role that is there needs nothing."""
    login = DatabaseUrl.parse(unprivileged).user or ""
    ensure_roles(unprivileged, (login,))

    with pytest.raises(DatabaseError, match="the role reader is missing") as caught:
        ensure_roles(unprivileged, ("reader",))

    assert f"ALTER ROLE {login} CREATEROLE" in caught.value.todo


def test_a_template_that_does_not_exist_is_one_clear_error(server_url: str) -> None:
    """The server's words and SQLSTATE are kept."""
    with (
        pytest.raises(DatabaseError, match="SQLSTATE 3D000"),
        scratch_database(server_url, template="no such"),
    ):
        pass


def test_a_server_that_is_down_is_one_clear_error() -> None:
    """Before anything is created."""
    with pytest.raises(ServerError, match="down"), scratch_database("postgresql://u@/x?host=/no"):
        pass


def test_eight_at_once_from_nothing_all_get_one(state: Path) -> None:
    """Server, role and databases are made by whoever comes first."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _EIGHT, str(state)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(8)
    ]

    outputs = [process.communicate(timeout=120) for process in processes]

    assert [out for out, _ in outputs] == ["alembic_proof\n"] * 8, outputs
    url = start(LocalServer(state, durable=False), {}).url("postgres")
    assert _run(url, "SELECT count(*) FROM pg_database WHERE datname LIKE 'alembic%'") == [0]
