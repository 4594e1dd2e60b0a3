"""Scratch databases: fresh, dropped whatever happens, and swept when a run was killed."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest

from local_postgres.client import Execute, Rows
from local_postgres.errors import DatabaseError, ServerError
from local_postgres.roles import ensure_member_roles
from local_postgres.scratch import (
    ScratchServer,
    Server,
    renewable_database,
    scratch_database,
    scratch_server,
)
from local_postgres.server import RunningServer

T = TypeVar("T")

_EIGHT = """
import os, sys
from pathlib import Path
from local_postgres.scratch import scratch_database, scratch_server
server = scratch_server(os.environ, state=Path(sys.argv[1]))
with scratch_database(server) as url:
    name = url.partition("@/")[2].partition("?")[0]
    print(server.run(lambda execute: execute("SELECT current_user")[0][0], database=name))
"""
_CONNECTED = """
import os, sys
from pathlib import Path
from local_postgres.scratch import scratch_server
def wait(execute):
    print("in", flush=True)
    sys.stdin.read()
    execute("SELECT 1")
scratch_server(os.environ, state=Path(sys.argv[1])).run(wait, database=sys.argv[2])
"""


@dataclass(frozen=True, slots=True)
class Login:
    """The server as another role."""

    running: RunningServer
    role: str

    def url(self, database: str) -> str:
        return self.running.url(database, self.role)

    def run(self, work: Callable[[Execute], T], *, database: str | None = None) -> T:
        with self.running.connect(database or "postgres", self.role) as execute:
            return work(execute)


def _run(server: Server, statement: str, *, database: str | None = None) -> Rows:
    return server.run(lambda execute: execute(statement), database=database)


def _exists(server: Server, name: str) -> bool:
    return bool(_run(server, f"SELECT 1 FROM pg_database WHERE datname = '{name}'"))


def _name(url: str) -> str:
    return url.partition("@/")[2].partition("?")[0]


@pytest.fixture
def unprivileged(server: ScratchServer) -> Iterator[Login]:
    """Yield the server as a role that may only log in."""
    role = f"alembic_proof_plain_{secrets.token_hex(4)}"
    _run(server, f"CREATE ROLE {role} LOGIN")
    yield Login(server.running, role)
    _run(server, f"DROP ROLE {role}")


def test_a_scratch_database_is_empty_owned_and_dropped(server: ScratchServer) -> None:
    """It belongs to an ordinary role, and nothing of it stays."""
    with scratch_database(server, label="Hällo, World") as url:
        database = _name(url)
        tables = _run(
            server,
            "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace",
            database=database,
        )
        role = _run(
            server,
            "SELECT rolsuper, rolbypassrls, rolcreatedb, rolcreaterole FROM pg_roles"
            " WHERE rolname = current_user",
        )
        _run(server, "CREATE TABLE mine (x integer)", database=database)
        assert _exists(server, _name(url))

    assert tables == (("0",),)
    assert role == (("f", "f", "t", "t"),)
    assert _name(url).startswith("alembic_proof_")
    assert _name(url).endswith("_h_llo_world")
    assert not _exists(server, _name(url))


def test_it_is_dropped_after_an_error_and_with_open_sessions(
    server: ScratchServer, scratch_state: Path
) -> None:
    """The work's own error passes through; the other session is ended."""
    other: list[subprocess.Popen[str]] = []

    def fail(url: str) -> None:
        process = subprocess.Popen(
            [sys.executable, "-c", _CONNECTED, str(scratch_state), _name(url)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        other.append(process)
        assert process.stdout is not None
        process.stdout.readline()
        raise KeyError(_name(url))

    with pytest.raises(KeyError) as caught, scratch_database(server) as url:
        fail(url)

    assert not _exists(server, caught.value.args[0])
    other[0].communicate(timeout=20)
    assert other[0].returncode != 0


def test_a_template_is_copied(server: ScratchServer) -> None:
    """A change of the copy does not change the template."""
    total = "SELECT sum(x) FROM copied"
    with scratch_database(server) as template_url:
        template = _name(template_url)
        _run(server, "CREATE TABLE copied AS SELECT 1 AS x", database=template)

        with scratch_database(server, template=template) as url:
            _run(server, "INSERT INTO copied VALUES (2)", database=_name(url))
            assert _run(server, total, database=_name(url)) == (("3",),)

        assert _run(server, total, database=template) == (("1",),)


def test_leftovers_are_swept_by_age_and_only_under_the_prefix(
    state: Path, environ: dict[str, str]
) -> None:
    """Old ones go; young ones, foreign names and those in use stay."""
    server = scratch_server(environ, state=state)  # on a shared one, others sweep as well
    old = datetime.now(UTC) - timedelta(hours=2)
    stamp, recent = old.strftime("%Y%m%dt%H%M%S"), datetime.now(UTC).strftime("%Y%m%dt%H%M%S")
    gone = f"alembic_proof_{stamp}_00000001"
    used = f"alembic_proof_{stamp}_00000002_used"
    young = f"alembic_proof_{recent}_00000003"
    foreign = f"alembic_proofs_{stamp}_00000004"
    for name in (gone, used, young, foreign):
        _run(server, f"CREATE DATABASE {name}")

    with server.running.connect(used), scratch_database(server):
        pass

    assert not _exists(server, gone)
    assert all(_exists(server, name) for name in (used, young, foreign))


def test_a_role_without_createdb_gets_the_grant_statement(unprivileged: Login) -> None:
    """CREATEDB is missing: one clear error that says what to grant."""
    with pytest.raises(DatabaseError, match="42501") as caught, scratch_database(unprivileged):
        pass

    assert "CREATEDB" in caught.value.todo


def test_a_database_is_recreated_under_its_name(server: ScratchServer) -> None:
    """The one before is dropped, and the last one at the end."""
    with renewable_database(server) as renew:
        url = renew()
        _run(server, "CREATE TABLE old (x integer)", database=_name(url))

        assert renew() == url
        assert _run(server, "SELECT to_regclass('old')", database=_name(url)) == ((None,),)

    assert not _exists(server, _name(url))


def test_roles_are_made_once_and_can_be_acted_as(server: ScratchServer) -> None:
    """A revision can grant to them and give them what it creates; they stay."""
    role = f"alembic_proof_reader_{secrets.token_hex(4)}"

    def act(execute: Execute) -> None:
        execute("CREATE TABLE books (x integer)")
        execute(f"GRANT SELECT ON books TO {role}")
        execute(f"GRANT CREATE ON SCHEMA public TO {role}")
        execute(f"ALTER TABLE books OWNER TO {role}")
        execute(f"DROP OWNED BY {role}")

    try:
        for _ in range(2):
            server.run(lambda execute: ensure_member_roles(execute, (role,)))
        with scratch_database(server) as url:
            server.run(act, database=_name(url))
        can_login = f"SELECT rolcanlogin FROM pg_roles WHERE rolname = '{role}'"
        assert _run(server, can_login) == (("f",),)
    finally:
        _run(server, f"DROP ROLE IF EXISTS {role}")


def test_a_role_that_cannot_be_created_names_the_grant(unprivileged: Login) -> None:
    """CREATEROLE is missing; a role that exists needs nothing."""
    unprivileged.run(lambda execute: ensure_member_roles(execute, (unprivileged.role,)))

    with pytest.raises(DatabaseError, match="the role reader is missing") as caught:
        unprivileged.run(lambda execute: ensure_member_roles(execute, ("reader",)))

    assert f"ALTER ROLE {unprivileged.role} CREATEROLE" in caught.value.todo


def test_a_template_that_does_not_exist_is_one_clear_error(server: ScratchServer) -> None:
    """The server's words and SQLSTATE are kept."""
    with (
        pytest.raises(DatabaseError, match="SQLSTATE 3D000"),
        scratch_database(server, template="no such"),
    ):
        pass


def test_a_server_that_is_down_is_one_clear_error(server: ScratchServer, tmp_path: Path) -> None:
    """Before anything is created."""
    down = ScratchServer(replace(server.running, socket_dir=tmp_path))

    with pytest.raises(ServerError, match="does not answer"), scratch_database(down):
        pass


def test_eight_concurrent_calls_get_eight_databases(state: Path) -> None:
    """The first of them creates the server, the role and the databases."""
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
    left = "SELECT datname FROM pg_database WHERE datname LIKE 'alembic%'"
    assert _run(scratch_server(os.environ, state=state), left) == ()
