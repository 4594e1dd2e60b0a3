"""One directory for all workers of a run of pytest-xdist, so that a proof runs once and not in each."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest

_KEY = "alembic_proof_directory"
_DIRECTORY = pytest.StashKey[tempfile.TemporaryDirectory[str]]()


def share_with(node: Any) -> None:
    """Ensures that the worker knows the directory; it is made for the first one."""
    config: pytest.Config = node.config
    if not config.getoption("alembic_proof"):
        return
    if _DIRECTORY not in config.stash:
        config.stash[_DIRECTORY] = tempfile.TemporaryDirectory(prefix="alembic-proof-")
    node.workerinput[_KEY] = config.stash[_DIRECTORY].name


def shared_directory(config: pytest.Config) -> Path | None:
    """The directory; None in a run without workers, and for one on another machine."""
    given = getattr(config, "workerinput", {}).get(_KEY)
    return Path(given) if given and Path(given).is_dir() else None


def end_sharing(config: pytest.Config) -> None:
    """Ensures that the directory is gone; only whoever made it removes it."""
    directory = config.stash.get(_DIRECTORY, None)
    if directory is not None:
        directory.cleanup()
