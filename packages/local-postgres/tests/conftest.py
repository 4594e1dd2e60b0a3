"""Servers of a test's own, which end with it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from local_postgres.scratch import ScratchServer, scratch_server
from local_postgres.server import LocalServer

START = """
import os, sys
from pathlib import Path
from local_postgres.server import LocalServer, start
print(start(LocalServer(Path(sys.argv[1]), durable=sys.argv[2] == "durable"), os.environ).data)
"""


@pytest.fixture(scope="session")
def server(scratch_state: Path) -> ScratchServer:
    """Return the scratch server that all tests share."""
    return scratch_server(os.environ, state=scratch_state)


@pytest.fixture
def scratch(state: Path) -> LocalServer:
    """Return a server that may lose its data."""
    return LocalServer(state, durable=False)


@pytest.fixture
def starter(state: Path) -> Callable[..., subprocess.Popen[str]]:
    """Return what starts a process that starts a server, prints its data directory and ends."""

    def run(
        kind: str = "durable", *, environ: dict[str, str] | None = None, code: str = START
    ) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", code, str(state), kind],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environ,
            text=True,
            start_new_session=True,
        )

    return run


@pytest.fixture
def without_namespaces(environ: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """Return an environment whose `unshare` fails, as it does where the kernel refuses."""
    directory = tmp_path / "refusing"
    directory.mkdir()
    program = directory / "unshare"
    program.write_text("#!/bin/sh\necho 'unshare failed: Operation not permitted' >&2\nexit 1\n")
    program.chmod(0o755)
    environ["PATH"] = f"{directory}{os.pathsep}{environ['PATH']}"
    return environ
