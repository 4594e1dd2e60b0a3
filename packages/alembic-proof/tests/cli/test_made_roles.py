"""What becomes of the roles that a history makes: they belong to the server, not to a database."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection

from alembic_proof.postgres.connect import run_on
from alembic_proof.postgres.made_roles import drop_roles, role_names
from alembic_proof.postgres.scratch import scratch_server
from alembic_proof.postgres.url import DatabaseUrl
from alembic_proof.project import find_project, history_databases


def _send(url: str, *statements: str) -> None:
    def send(connection: Connection) -> None:
        for statement in statements:
            connection.exec_driver_sql(statement)

    run_on(url, send, autocommit=True)


def test_they_go_with_its_databases(
    open_case: Callable[[str], Path],
    run: Callable[..., tuple[int, str, str]],
    state: Path,
    environ: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A fresh database does not meet those of the one before, nor does the next run."""
    server_url = scratch_server(environ, state=state)
    before = role_names(server_url)
    root = open_case("made_roles")
    monkeypatch.setenv("CASE_SCRATCH_URL", server_url)
    expected = (root / "expected.txt").read_text(encoding="utf-8")

    assert run("roundtrip")[:2] == (1, expected)
    assert role_names(server_url) == before
    assert run("roundtrip")[:2] == (1, expected)


def test_what_an_editor_keeps_beside_the_files_breaks_no_run(
    open_case: Callable[[str], Path],
    run: Callable[..., tuple[int, str, str]],
    state: Path,
    environ: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Emacs' lock is a link to nowhere with the name of a Python file."""
    root = open_case("made_roles")
    monkeypatch.setenv("CASE_SCRATCH_URL", scratch_server(environ, state=state))
    (root / "versions" / ".#0002_role.py").symlink_to("me@host.123:456")

    assert run("lint")[0] != 2
    assert run("roundtrip") == (1, (root / "expected.txt").read_text(encoding="utf-8"), "")


def test_the_project_is_imported_in_its_surroundings_alone(
    tmp_path: Path, scratch_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where its history lies may be told by a package, which reads the URL when it is imported."""
    name = f"{DatabaseUrl.parse(scratch_url).database}_late"
    versions = tmp_path / "late_shop" / "migrations" / "versions"
    versions.mkdir(parents=True)
    (tmp_path / "late_shop" / "__init__.py").write_text("import os\nos.environ['LATE_URL']\n")
    (versions / "0001_role.py").write_text(f"# CREATE ROLE {name}\n")
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = late_shop:migrations\n")
    settings = '[tool.alembic-proof]\nurl_env = "LATE_URL"\n'
    (tmp_path / "pyproject.toml").write_text(settings)
    monkeypatch.syspath_prepend(tmp_path)
    project = find_project(tmp_path / "alembic.ini")

    with history_databases(project, scratch_url, label="late") as open_database:
        open_database()
        _send(scratch_url, f"CREATE ROLE {name}")
        open_database()
        assert "late_shop" in sys.modules
    _send(scratch_url, f"DROP ROLE IF EXISTS {name}")


def test_one_that_somebody_needs_stays(scratch_url: str) -> None:
    """It owns something, or another scratch database may be about to use it."""
    database = DatabaseUrl.parse(scratch_url).database or ""
    name = f"{database}_role"
    _send(scratch_url, f"CREATE ROLE {name}", f"GRANT CONNECT ON DATABASE {database} TO {name}")

    drop_roles(scratch_url, [name], database=database)
    assert name in role_names(scratch_url)

    _send(scratch_url, f"REVOKE CONNECT ON DATABASE {database} FROM {name}")
    drop_roles(scratch_url, [name], database="")  # this very connection counts as another's
    assert name in role_names(scratch_url)
    _send(scratch_url, f"DROP ROLE {name}")
