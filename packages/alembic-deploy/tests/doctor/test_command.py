"""`alembic-deploy doctor` on a project: its settings, its history, its exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.engine import Connection

from alembic_deploy.advisory_lock import VersionTable, advisory_lock
from alembic_deploy.cli import main
from alembic_deploy.connect import run_on

if TYPE_CHECKING:
    from tests.conftest import Project

Doctor = Callable[..., tuple[int, str, str]]


@pytest.fixture
def doctor(
    tracks: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Doctor:
    """Return a function that runs the command; it returns exit code, stdout and stderr."""
    monkeypatch.setenv("TRACKS_DATABASE_URL", tracks.url)

    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(["--config", str(tracks.directory / "alembic.ini"), "doctor", *arguments])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return run


def test_nothing_is_wrong(tracks: Project, doctor: Doctor) -> None:
    """Exit code 0 and one line; the database is named on standard error, as other commands do."""
    tracks.alembic("upgrade", "head")

    code, out, err = doctor()

    assert code == 0
    assert out.startswith("nothing is wrong with alembic_proof_")
    assert err.startswith("database: ")


def test_something_is_wrong(tracks: Project, doctor: Doctor) -> None:
    """Exit code 1; the history and the settings of the project are known."""
    tracks.alembic("upgrade", "head")
    tracks.execute("UPDATE alembic_version SET version_num = 'dddddddddddd'")
    settings = '[tool.alembic-deploy]\napp_login = "nobody_here"\ntenant_column = "title"\n'
    (tracks.directory / "pyproject.toml").write_text(settings, encoding="utf-8")

    code, out, _ = doctor("--format", "json")

    assert code == 1
    found = [(one["id"], one["where"]) for one in json.loads(out)["findings"]]
    assert found == [
        ("unknown-revision", "table public.alembic_version"),
        ("rls-off", "table public.tracks"),
        ("app-login-missing", ""),
    ]


def test_what_is_known_is_left_out(tracks: Project, doctor: Doctor) -> None:
    """With --ignore; the login of the command line wins."""
    tracks.alembic("upgrade", "head")
    settings = '[tool.alembic-deploy]\napp_login = "pg_monitor"\ntenant_column = "title"\n'
    (tracks.directory / "pyproject.toml").write_text(settings, encoding="utf-8")
    assert doctor()[0] == 1

    code, out, _ = doctor("--ignore", "rls-off", "--login", "nobody_here")

    assert (code, "app-login-missing" in out) == (1, True)
    assert doctor("--ignore", "rls-off")[0] == 0


def test_a_running_migration_is_no_reason_to_wait(tracks: Project, doctor: Doctor) -> None:
    """The command takes no lock, and says who holds it."""
    tracks.alembic("upgrade", "head")

    def work(connection: Connection) -> tuple[int, str, str]:
        # In this thread an event loop runs.
        with (
            advisory_lock(connection, VersionTable(), wait_s=0, print_line=print),
            ThreadPoolExecutor(1) as pool,
        ):
            return pool.submit(doctor).result(timeout=60)

    code, out, _ = run_on(tracks.url, work)

    assert code == 1
    assert "migration-running" in out


def test_a_setting_that_is_no_name(tracks: Project, doctor: Doctor) -> None:
    """It is an error, not a login that nobody has."""
    settings = "[tool.alembic-deploy]\napp_login = 5\n"
    (tracks.directory / "pyproject.toml").write_text(settings, encoding="utf-8")

    code, out, err = doctor()

    assert (code, out) == (2, "")
    assert "app_login in [tool.alembic-deploy] is not a name" in err


def test_a_server_that_is_down(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be examined is not sound."""
    monkeypatch.setenv("TRACKS_DATABASE_URL", "postgresql:///x?host=/nowhere")

    code, out, err = doctor()

    assert (code, out) == (2, "")
    assert "cannot connect" in err


def test_an_env_py_without_run_env(tracks: Project, doctor: Doctor) -> None:
    """Nothing could be examined with it."""
    (tracks.directory / "alembic" / "env.py").write_text("print('env.py')\n", encoding="utf-8")

    code, _, err = doctor()

    assert code == 2
    assert "env.py does not call run_env()" in err
