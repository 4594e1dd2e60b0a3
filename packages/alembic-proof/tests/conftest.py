"""Databases for the tests: empty scratch ones on one shared server, and servers of a test's own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from alembic_proof.postgres.scratch import scratch_database, scratch_server
from alembic_proof.postgres.server import LocalServer, reset

ROOT = Path(__file__).resolve().parents[3]
TEST_SERVER = "ALEMBIC_PROOF_TEST_SERVER"
START = """
import os, sys
from pathlib import Path
from alembic_proof.postgres.server import LocalServer, start
print(start(LocalServer(Path(sys.argv[1]), durable=sys.argv[2] == "durable"), os.environ).data)
"""


@pytest.fixture(scope="session")
def server_url() -> str:
    """The URL of the scratch server, as an ordinary role that may create databases."""
    given = os.environ.get(TEST_SERVER)
    return given or scratch_server(os.environ, state=ROOT / ".postgres")


@pytest.fixture
def scratch_url(server_url: str) -> Iterator[str]:
    """The URL of a fresh, empty database."""
    with scratch_database(server_url) as url:
        yield url


@pytest.fixture
def environ() -> dict[str, str]:
    """The environment, to be changed by the test alone."""
    return dict(os.environ)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    """A state directory with a space, a quote and a letter beyond ASCII; servers end with it."""
    directory = tmp_path / "it's a stäte"
    yield directory
    for durable in (True, False):
        reset(LocalServer(directory, durable=durable))


@pytest.fixture
def durable(state: Path) -> LocalServer:
    """A server that keeps its data."""
    return LocalServer(state, durable=True)


@pytest.fixture
def scratch(state: Path) -> LocalServer:
    """A server that may lose its data."""
    return LocalServer(state, durable=False)


@pytest.fixture
def starter(state: Path) -> Callable[..., subprocess.Popen[str]]:
    """Starts a process that starts a server, prints its data directory and ends."""

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
    """An environment whose `unshare` fails, as it does where the kernel refuses."""
    directory = tmp_path / "refusing"
    directory.mkdir()
    program = directory / "unshare"
    program.write_text("#!/bin/sh\necho 'unshare failed: Operation not permitted' >&2\nexit 1\n")
    program.chmod(0o755)
    environ["PATH"] = f"{directory}{os.pathsep}{environ['PATH']}"
    return environ
