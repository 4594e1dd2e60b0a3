"""boards-migrate in this process; no output may contain a password."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from boards.database.migrate import main
from packages.backend.tests.database.migrate.running import SCRATCH, SECRET, Done, Migrate


@pytest.fixture
def migrate(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Migrate:
    """Return a function that runs boards-migrate; no output may contain a password."""

    def run(*arguments: str, url: str | None = SCRATCH, **environ: str) -> Done:
        if url == SCRATCH:
            url = request.getfixturevalue("scratch_url")
        for name in ("BOARDS_DATABASE_URL", "BOARDS_APP_DATABASE_URL", "BOARDS_LOCK_TIMEOUT"):
            monkeypatch.delenv(name, raising=False)
        if url is not None:
            monkeypatch.setenv("BOARDS_DATABASE_URL", url)
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        capsys.readouterr()
        try:
            code = main(arguments)
        except SystemExit as usage:
            code = int(usage.code or 0)
        printed = capsys.readouterr()
        assert SECRET not in printed.out + printed.err
        assert "Traceback" not in printed.err
        return Done(code, printed.out, printed.err)

    return run


@pytest.fixture
def own_history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the directory of revisions of a copy of the history, which boards-migrate uses instead."""
    backend = Path(__file__).resolve().parents[3]
    shutil.copy(backend / "alembic.ini", tmp_path)
    shutil.copytree(backend / "alembic", tmp_path / "alembic")
    monkeypatch.setattr("boards.database.migrate.alembic_ini", lambda: tmp_path / "alembic.ini")
    return tmp_path / "alembic" / "versions"
