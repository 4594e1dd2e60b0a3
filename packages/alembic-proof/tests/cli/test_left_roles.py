"""What a run leaves of the roles that its history makes spoils no later one on our own server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection

from alembic_proof.postgres.connect import run_on
from alembic_proof.postgres.made_roles import drop_left_roles, role_names
from alembic_proof.postgres.scratch import scratch_database, scratch_server
from alembic_proof.postgres.server import LocalServer, start

Open = Callable[[str], Path]
Run = Callable[..., tuple[int, str, str]]

_DATABASES = "SELECT datname FROM pg_database WHERE starts_with(datname, 'alembic_proof_')"


def _send(url: str, *statements: str) -> list[str]:
    """The last statement's first column, where it has one."""

    def send(connection: Connection) -> list[str]:
        results = [connection.exec_driver_sql(statement) for statement in statements]
        return list(results[-1].scalars()) if results[-1].returns_rows else []

    return run_on(url, send, autocommit=True)


@pytest.fixture
def own_url(state: Path, environ: dict[str, str]) -> str:
    """A server of our own that nobody else uses."""
    return scratch_server(environ, state=state)


@pytest.fixture
def project(
    open_case: Open, state: Path, own_url: str, monkeypatch: pytest.MonkeyPatch
) -> tuple[Path, str]:
    """The case, whose server nobody names, and its findings."""
    root = open_case("left_roles")
    monkeypatch.delenv("CASE_SCRATCH_URL")
    assert own_url
    local = f'local_state = "{state}"\nlocal_database = "here"\nlocal_owner = "me"'
    settings = f"[tool.alembic-proof]\n{local}\n"
    (root / "pyproject.toml").write_text(settings, encoding="utf-8")
    return root, (root / "expected.txt").read_text(encoding="utf-8")


def test_none_is_met_by_a_second_database_or_a_second_run(
    project: tuple[Path, str], own_url: str, run: Run
) -> None:
    """Whatever its name is: no file has it as a whole."""
    before = role_names(own_url)

    assert run("roundtrip")[:2] == (1, project[1])
    assert role_names(own_url) == before
    assert run("roundtrip")[:2] == (1, project[1])


def test_those_of_a_killed_run_are_dropped_with_its_database(
    project: tuple[Path, str], own_url: str, run: Run
) -> None:
    """Its last statement is still running there, and the role has privileges."""
    reached = project[0] / "reached"
    killed = subprocess.Popen(
        [Path(sys.executable).with_name("alembic-proof"), "roundtrip"],
        env=dict(os.environ) | {"CASE_REACHED": str(reached)},
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while not reached.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    killed.kill()
    killed.wait()
    assert "case_left" in role_names(own_url)
    assert len(_send(own_url, _DATABASES)) == 1

    assert run("roundtrip")[:2] == (1, project[1])
    assert "case_left" not in role_names(own_url)
    assert _send(own_url, _DATABASES) == []


def test_one_is_left_while_another_run_lives_and_told_of(
    project: tuple[Path, str], own_url: str, run: Run
) -> None:
    """That run may be about to use it: who meets it is told what to do."""
    with scratch_database(own_url) as living:
        run("roundtrip", "0001")
        assert "case_left" in role_names(own_url)

        found = json.loads(run("roundtrip", "0001", "--format", "json")[1])["findings"]
        assert 'its upgrade fails: role "case_left" already exists' in found[0]["message"]
        assert "try again when no other proof runs" in found[0]["do"]
        assert _send(living, "SELECT 'there'") == ["there"]

    assert run("roundtrip")[:2] == (1, project[1])


def test_one_that_its_downgrade_leaves_is_told_as_that(project: tuple[Path, str], run: Run) -> None:
    """Nobody else's is meant then."""
    path = project[0] / "versions" / "0001_role.py"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('op.execute(f"DROP ROLE {ROLE}")', "pass"), encoding="utf-8")

    found = json.loads(run("roundtrip", "0001", "--format", "json")[1])["findings"]

    assert 'its second upgrade fails: role "case_left" already' in found[0]["message"]
    assert found[0]["do"].startswith("let its downgrade drop the role")


def test_the_roles_of_a_server_that_somebody_named_stay(
    project: tuple[Path, str], own_url: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where it is one of ours; where nobody names it, it has no roles but a run's."""
    _send(own_url, "CREATE ROLE somebody")
    settings = f'[tool.alembic-proof]\nserver_url = "{own_url}"\n'
    nobody_named = (project[0] / "pyproject.toml").read_text(encoding="utf-8")

    (project[0] / "pyproject.toml").write_text(settings, encoding="utf-8")
    run("roundtrip", "0001")
    assert "somebody" in role_names(own_url)

    (project[0] / "pyproject.toml").write_text(nobody_named, encoding="utf-8")
    run("roundtrip", "0001")
    assert "somebody" not in role_names(own_url)


def test_those_of_another_server_and_those_to_keep_stay(
    own_url: str, durable: LocalServer, environ: dict[str, str]
) -> None:
    """A server tells by itself that it is for scratch databases; a durable one is not."""
    users = start(durable, environ).url("postgres")
    for url in (users, own_url):
        _send(url, "CREATE ROLE kept", "CREATE ROLE left_behind")
        drop_left_roles(url, keep=("kept",))

    assert {"kept", "left_behind"} <= role_names(users)
    assert "kept" in role_names(own_url)
    assert "left_behind" not in role_names(own_url)


def test_whoever_granted_a_membership_goes_after_its_member(own_url: str) -> None:
    """PostgreSQL 16 and later refuse the other order."""
    _send(
        own_url,
        "CREATE ROLE a_granter",
        "CREATE ROLE club",
        "CREATE ROLE z_member",
        "GRANT club TO a_granter WITH ADMIN OPTION",
        "GRANT a_granter TO CURRENT_USER",
        "SET ROLE a_granter",
        "GRANT club TO z_member",
    )

    drop_left_roles(own_url, keep=())

    assert not {"a_granter", "club", "z_member"} & role_names(own_url)
