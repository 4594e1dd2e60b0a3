"""The plugin in an environment that has the built wheel, the oldest pytest and nothing else of ours."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from .run import run_pytest

PACKAGE = Path(__file__).parents[2]


def uv(*arguments: str | Path, cwd: Path) -> None:
    """Run uv outside of this checkout, whose pins are not for other environments."""
    path = os.pathsep.join([str(PACKAGE.parents[1] / ".tools" / "bin"), os.environ.get("PATH", "")])
    program = shutil.which("uv", path=path)
    assert program is not None, "uv is missing: `make tools`"
    done = subprocess.run(
        [program, *arguments], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory with the wheels of alembic-proof and of the workspace packages that it needs."""
    directory = tmp_path_factory.mktemp("wheels")
    for name in ("alembic-deploy", "local-postgres", "alembic-proof"):
        uv("build", "--wheel", PACKAGE.with_name(name), "--out-dir", directory, cwd=directory)
    return directory


@pytest.fixture
def python(tmp_path: Path, wheels: Path) -> Path:
    """Return the interpreter of a fresh environment with the wheels; the other tests run with pytest 9."""
    uv("venv", "--python", sys.executable, tmp_path / "venv", cwd=tmp_path)
    python = tmp_path / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    wanted = ("--find-links", wheels, "alembic-proof[asyncpg]", "pytest>=8,<9")
    uv("pip", "install", "--python", python, *wanted, cwd=tmp_path)
    return python


def test_it_works_where_it_is_only_installed(
    python: Path, open_case: Callable[[str], Path], server_url: str
) -> None:
    """A clean history passes; a broken one fails at exactly the item that is broken."""
    environ = {"CASE_SCRATCH_URL": server_url}

    clean = run_pytest(open_case("parity/equal"), "--alembic-proof", python=python, environ=environ)
    broken = run_pytest(
        open_case("roundtrip/catalog/forgets_index"),
        *("--alembic-proof", "-k", "not parity"),
        python=python,
        environ=environ,
    )

    assert clean.code == 0, clean.output
    assert set(clean.outcomes.values()) == {"passed"}
    assert broken.with_outcome("failed") == ["0002_index::downgrade"], broken.output
