"""Servers of a test's own; projects that tests import are forgotten."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from local_postgres.server import LocalServer, start

_KEPT: dict[str, ModuleType] = {}
"""The modules that are no project's; a process of the suite has two thousand."""


@pytest.fixture(autouse=True)
def forget_projects(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Take the modules of copied projects and their directories out of this process again.

    Two projects may have modules of the same name, and each test is to import its own.
    """
    below = f"{tmp_path_factory.getbasetemp()}{os.sep}"
    yield
    sys.path[:] = [directory for directory in sys.path if not directory.startswith(below)]
    for name, module in tuple(sys.modules.items()):
        if _KEPT.get(name) is module:
            continue
        origin = getattr(module, "__file__", None) or next(
            iter(getattr(module, "__path__", ())), ""
        )
        if str(origin).startswith(below):
            del sys.modules[name]
        else:
            _KEPT[name] = module


@pytest.fixture
def superuser_url(scratch_state: Path) -> str:
    """Return the URL of the local scratch server, as its superuser."""
    if os.environ.get("ALEMBIC_PROOF_TEST_SERVER"):
        pytest.skip("the given server may have no superuser for tests")
    return start(LocalServer(scratch_state, durable=False), os.environ).url("postgres")
