"""The roles that a history creates: they belong to the server, and must not disturb a later run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from alembic_deploy.connect import run_on
from alembic_deploy.url import DatabaseUrl
from alembic_proof.history.project import find_project
from alembic_proof.scratch import UrlServer, history_databases, scratch_database, scratch_server
from local_postgres import roles, scratch
from local_postgres.server import LocalServer, reset

Open = Callable[[str], Path]
Run = Callable[..., tuple[int, str, str]]
Expected = Callable[[Path, str], str]

_DATABASES = "SELECT datname FROM pg_database WHERE starts_with(datname, 'alembic_proof_')"


def _send(url: str, *statements: str) -> list[str]:
    """Run the statements in one session; return the first column of the last result."""

    def send(connection: Connection) -> list[str]:
        results = [connection.exec_driver_sql(statement) for statement in statements]
        return list(results[-1].scalars()) if results[-1].returns_rows else []

    return run_on(url, send, autocommit=True)


def _role_names(url: str) -> frozenset[str]:
    return UrlServer(url).run(roles.role_names)


@pytest.fixture(scope="module")
def own_state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Yield the directory of a scratch server that only these tests use."""
    directory = tmp_path_factory.mktemp("own")
    yield directory
    reset(LocalServer(directory, durable=False))


@pytest.fixture
def own_url(own_state: Path) -> str:
    """Return the URL of that server, on which an earlier test has left no role."""
    url = scratch_server(os.environ, state=own_state)
    UrlServer(url).run(lambda execute: scratch.drop_leftover_roles(execute, keep=()))
    return url


@pytest.fixture
def project(
    open_case: Open, own_state: Path, own_url: str, monkeypatch: pytest.MonkeyPatch
) -> tuple[Path, str]:
    """Return the case, whose settings name no server, and its findings."""
    root = open_case("roles_not_dropped")
    monkeypatch.delenv("CASE_SCRATCH_URL")
    assert own_url
    settings = f'[tool.local-postgres]\ndata = "{own_state}"\ndatabase = "here"\nowner = "me"\n'
    (root / "pyproject.toml").write_text(settings, encoding="utf-8")
    return root, (root / "expected.txt").read_text(encoding="utf-8")


def test_created_roles_are_dropped_with_the_databases(
    open_case: Open, run: Run, expected: Expected, own_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fresh database does not find those of the one before, nor does the next run."""
    before = _role_names(own_url)
    root = open_case("created_roles")
    monkeypatch.setenv("CASE_SCRATCH_URL", own_url)

    first = run("roundtrip")[:2]
    assert first == (1, expected(root, first[1]))
    assert _role_names(own_url) == before
    assert run("roundtrip")[:2] == first


def test_an_editor_s_lock_beside_the_files_breaks_no_run(
    open_case: Open, run: Run, expected: Expected, own_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Emacs' lock is a broken symlink with the name of a Python file."""
    root = open_case("created_roles")
    monkeypatch.setenv("CASE_SCRATCH_URL", own_url)
    (root / "versions" / ".#0002_role.py").symlink_to("me@host.123:456")

    assert run("lint")[0] != 2
    code, out, err = run("roundtrip")
    assert (code, out, err) == (1, expected(root, out), "")


def test_the_files_are_searched_where_env_py_finds_its_url(
    tmp_path: Path, scratch_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """script_location may name a package, which reads the URL when it is imported."""
    name = f"{DatabaseUrl.parse(scratch_url).database}_late"
    versions = tmp_path / "late_shop" / "migrations" / "versions"
    versions.mkdir(parents=True)
    (tmp_path / "late_shop" / "__init__.py").write_text("import os\nos.environ['LATE_URL']\n")
    (versions / "0001_role.py").write_text(f"# CREATE ROLE {name}\n")
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = late_shop:migrations\n")
    settings = '[tool.alembic-deploy]\nurl_env = "LATE_URL"\n'
    (tmp_path / "pyproject.toml").write_text(settings)
    monkeypatch.syspath_prepend(tmp_path)
    project = find_project(tmp_path / "alembic.ini")

    with history_databases(project, scratch_url, label="late") as open_database:
        open_database()
        _send(scratch_url, f"CREATE ROLE {name}")
        open_database()
        assert "late_shop" in sys.modules
    _send(scratch_url, f"DROP ROLE IF EXISTS {name}")


def test_a_role_with_a_computed_name_is_dropped_too(
    project: tuple[Path, str], own_url: str, run: Run, expected: Expected
) -> None:
    """On our own server: no file contains the whole name."""
    before = _role_names(own_url)

    code, out, _ = run("roundtrip")
    assert (code, out) == (1, expected(project[0], out))
    assert _role_names(own_url) == before
    assert run("roundtrip")[:2] == (1, project[1])


def test_the_next_run_drops_the_roles_of_a_killed_one(
    project: tuple[Path, str], own_url: str, run: Run
) -> None:
    """Its last statement still runs in its database, and the role has privileges there."""
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
    assert "case_left" in _role_names(own_url)
    assert len(_send(own_url, _DATABASES)) == 1

    assert run("roundtrip")[:2] == (1, project[1])
    assert "case_left" not in _role_names(own_url)
    assert _send(own_url, _DATABASES) == []


def test_a_role_is_kept_while_another_run_is_alive(
    project: tuple[Path, str], own_url: str, run: Run
) -> None:
    """That run may be about to use it; the finding says what to do."""
    with scratch_database(own_url) as living:
        run("roundtrip", "0001")
        assert "case_left" in _role_names(own_url)

        found = json.loads(run("roundtrip", "0001", "--format", "json")[1])["findings"]
        assert 'role "case_left" already exists' in found[0]["postgres"]
        assert "if another proof is running, try again afterwards" in found[0]["do"]
        assert _send(living, "SELECT 'there'") == ["there"]

    assert run("roundtrip")[:2] == (1, project[1])


def test_a_role_that_the_downgrade_does_not_drop_is_a_finding(
    project: tuple[Path, str], run: Run
) -> None:
    """No other run is blamed for it."""
    path = project[0] / "versions" / "0001_role.py"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('op.execute(f"DROP ROLE {ROLE}")', "pass"), encoding="utf-8")

    found = json.loads(run("roundtrip", "0001", "--format", "json")[1])["findings"]

    assert 'role "case_left" already exists' in found[0]["postgres"]
    assert found[0]["do"].startswith("let its downgrade drop the role")


def test_the_roles_of_a_named_server_are_kept(
    project: tuple[Path, str], own_url: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if it is one of ours; without a name, our own server keeps no roles but a run's."""
    _send(own_url, "CREATE ROLE somebody")
    settings = f'[tool.alembic-proof]\nserver_url = "{own_url}"\n'
    nobody_named = (project[0] / "pyproject.toml").read_text(encoding="utf-8")

    (project[0] / "pyproject.toml").write_text(settings, encoding="utf-8")
    run("roundtrip", "0001")
    assert "somebody" in _role_names(own_url)

    (project[0] / "pyproject.toml").write_text(nobody_named, encoding="utf-8")
    run("roundtrip", "0001")
    assert "somebody" not in _role_names(own_url)
