"""Tiny projects, and pytest run in them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from .run import QUIET, Run, run_pytest

CASES = Path(__file__).parents[1] / "cases"


@pytest.fixture
def open_case(tmp_path: Path) -> Callable[[str], Path]:
    """Copies a case, with the surroundings that every case is given."""

    def open_(name: str) -> Path:
        root = tmp_path / name.replace("/", "_")
        shutil.copytree(CASES / "project", root)
        shutil.copytree(CASES / name, root, dirs_exist_ok=True)
        return root

    return open_


@pytest.fixture
def run(server_url: str) -> Callable[..., Run]:
    """Runs pytest in a directory; scratch databases are made on the suite's server."""
    return partial(_run, server_url)


def _run(server_url: str, root: Path, *arguments: str, **environ: str) -> Run:
    given = {"CASE_SCRATCH_URL": server_url, **environ}
    return run_pytest(root, *QUIET, *arguments, environ=given)
