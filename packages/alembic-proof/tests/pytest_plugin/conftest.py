"""Tiny projects, and pytest run in them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from .run import QUIET, Run, Runner, run_pytest

CASES = Path(__file__).parents[1] / "cases"


@pytest.fixture
def open_case(tmp_path: Path) -> Callable[[str], Path]:
    """Return a function that copies a case and what every case needs beside it."""

    def open_(name: str) -> Path:
        root = tmp_path / name.replace("/", "_")
        shutil.copytree(CASES / "project", root)
        shutil.copytree(CASES / name, root, dirs_exist_ok=True)
        return root

    return open_


@pytest.fixture
def run(pytester: pytest.Pytester, server_url: str) -> Runner:
    """Return a function that runs pytest in a directory, in this process."""
    return Runner(pytester, server_url)


@pytest.fixture
def run_process(server_url: str) -> Callable[..., Run]:
    """Return a function that runs pytest in a directory as a process of its own."""
    return partial(_run_process, server_url)


def _run_process(server_url: str, root: Path, *arguments: str, **environ: str) -> Run:
    given = {"CASE_SCRATCH_URL": server_url, **environ}
    return run_pytest(root, *QUIET, *arguments, environ=given)
