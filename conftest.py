"""What every test of the checkout relies on."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from alembic_proof.scratch import scratch_database, scratch_server
from local_postgres.postmaster import is_alive
from local_postgres.server import LocalServer, reset

_GIVEN_SERVERS = ("ALEMBIC_PROOF_TEST_SERVER", "BOARDS_SCRATCH_URL")
_STATE = "BOARDS_TEST_STATE"
"""The variable with the directory of the suite's scratch servers, for the workers."""
_MEMORY = Path("/dev/shm")  # noqa: S108  a directory of the system, not a name that others can take
_MEMORY_BYTES = 4 * 1024**3
"""Twice what a whole suite leaves there."""

pytest_plugins = ("pytester",)


def pytest_configure(config: pytest.Config) -> None:
    """Have Ctrl-C mean what it does on a terminal, also in a suite that was started with `&`.

    A shell starts background jobs with SIGINT ignored, and whatever they start inherits that.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if config.getoption("numprocesses", None) and _STATE not in os.environ and _has_memory():
        _remove_leftovers()
        _use_memory()


def pytest_unconfigure() -> None:
    """Stop the servers in memory: the controller does it, when its workers have ended."""
    state = Path(os.environ.get(_STATE, ""))
    if state.name.startswith(f"{_prefix()}{os.getpid()}-"):
        _remove(state)
        del os.environ[_STATE]


def pytest_collection_finish() -> None:
    """Write no bytecode of the projects that tests make: they rewrite a file within a second.

    Python compares the time of a file in seconds, and its size.
    """
    sys.dont_write_bytecode = True


def _has_memory() -> bool:
    """Return whether there is room for the suite in memory, as on most Linux machines.

    On a disk, to create and delete files is most of what a server of tests does. A suite that runs in
    parallel is a whole one, for which another server is worth its start.
    """
    return os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free >= _MEMORY_BYTES


def _use_memory() -> None:
    """Have the shared scratch servers, and the directories of the tests, in memory until the end."""
    state = tempfile.mkdtemp(prefix=f"{_prefix()}{os.getpid()}-", dir=_MEMORY)
    os.environ[_STATE] = os.environ["PYTEST_DEBUG_TEMPROOT"] = state
    os.environ.setdefault("UV_LINK_MODE", "copy")  # uv's cache is on the disk


def _prefix() -> str:
    return f"boards-tests-{os.getuid()}-"


def _remove_leftovers() -> None:
    """Remove what a killed suite left in memory."""
    for state in _MEMORY.glob(f"{_prefix()}*"):
        pid = state.name.removeprefix(_prefix()).partition("-")[0]
        if not is_alive(int(pid)):
            _remove(state)


def _remove(state: Path) -> None:
    reset(LocalServer(state, durable=False))
    shutil.rmtree(state, ignore_errors=True)


@pytest.fixture(scope="session")
def scratch_state() -> Path:
    """Provide the directory of the data of the scratch servers that tests share."""
    return Path(os.environ.get(_STATE) or Path(__file__).resolve().parent / ".postgres")


@pytest.fixture(scope="session")
def server_url(scratch_state: Path) -> str:
    """Provide the URL of the scratch server, as an ordinary role that may create databases."""
    given = next(filter(None, map(os.environ.get, _GIVEN_SERVERS)), None)
    return given or scratch_server(os.environ, state=scratch_state)


@pytest.fixture
def scratch_url(server_url: str) -> Iterator[str]:
    """Provide the URL of a fresh, empty database, as its owner."""
    with scratch_database(server_url) as url:
        yield url


@pytest.fixture
def environ() -> dict[str, str]:
    """Provide the environment, to be changed by the test alone."""
    return dict(os.environ)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    """Provide a state directory with a space, a quote and a letter beyond ASCII; servers end with it."""
    directory = tmp_path / "it's a stäte"
    yield directory
    for durable in (True, False):
        reset(LocalServer(directory, durable=durable))


@pytest.fixture
def durable(state: Path) -> LocalServer:
    """Provide a server that keeps its data."""
    return LocalServer(state, durable=True)
