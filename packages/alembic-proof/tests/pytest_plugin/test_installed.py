"""The plugin in environments that have the built wheel, one pytest and nothing else of ours."""

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
    """Runs uv outside of this checkout, whose pins are not for others."""
    path = os.pathsep.join([str(PACKAGE.parents[1] / ".tools" / "bin"), os.environ.get("PATH", "")])
    program = shutil.which("uv", path=path)
    assert program is not None, "uv is missing: `make tools`"
    done = subprocess.run(
        [program, *arguments], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(params=["pytest>=8,<9", "pytest>=9,<10"])
def python(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The interpreter of a fresh environment with the wheel and that pytest."""
    uv("build", "--wheel", PACKAGE, "--out-dir", tmp_path / "dist", cwd=tmp_path)
    [wheel] = (tmp_path / "dist").glob("*.whl")
    uv("venv", "--python", sys.executable, tmp_path / "venv", cwd=tmp_path)
    folder = "Scripts" if os.name == "nt" else "bin"
    python = tmp_path / "venv" / folder / "python"
    uv(
        "pip",
        "install",
        "--python",
        python,
        f"alembic-proof[asyncpg] @ {wheel.as_uri()}",
        request.param,
        cwd=tmp_path,
    )
    return python


def test_it_works_where_it_is_only_installed(
    python: Path, open_case: Callable[[str], Path], server_url: str
) -> None:
    """A clean history passes; a broken one fails at exactly the item that is broken."""
    environ = {"CASE_SCRATCH_URL": server_url}

    clean = run_pytest(open_case("parity/equal"), "--alembic-proof", python=python, environ=environ)
    broken = run_pytest(
        open_case("roundtrip/forgets_index"),
        *("--alembic-proof", "-k", "not parity"),
        python=python,
        environ=environ,
    )

    assert clean.code == 0, clean.output
    assert set(clean.outcomes.values()) == {"passed"}
    assert broken.with_outcome("failed") == ["0002_index::downgrade"], broken.output
