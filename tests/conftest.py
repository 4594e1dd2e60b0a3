"""The checkout that the workflow and the documentation are tried in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from alembic_proof.scratch import scratch_database, scratch_server
from tests.checkout import Checkout, copy_sources, ensure_tools

FOREIGN = (
    "BOARDS_",
    "PYTEST_",
    "VIRTUAL_ENV",
    "UV_PROJECT",
    "NOX",
    "MAKE",
    "MFLAGS",
)


@contextmanager
def made_checkout(directory: Path) -> Iterator[Checkout]:
    """Make a checkout of the files as they are now; its servers stop at the end."""
    root = directory / "böards checkout"
    copy_sources(root)
    (root / ".tools").symlink_to(ensure_tools())
    environ = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    made = Checkout(root=root, environ=environ)
    yield made
    made.run(".tools/bin/python", "-m", "nox", "-s", "db", "--", "stop")


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """Provide a checkout that every test leaves as it was."""
    with made_checkout(tmp_path_factory.mktemp("work")) as made:
        yield made


@pytest.fixture(scope="module")
def own_checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """Provide a checkout that the tests of one module may change."""
    with made_checkout(tmp_path_factory.mktemp("own")) as made:
        yield made


@pytest.fixture
def scratch_url(scratch_state: Path) -> Iterator[str]:
    """Provide the URL of a fresh, empty database, which plays the role of a deployed one."""
    given = os.environ.get("BOARDS_SCRATCH_URL")
    with scratch_database(given or scratch_server(os.environ, state=scratch_state)) as url:
        yield url
