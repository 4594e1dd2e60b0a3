"""Copies of a tiny project, to be changed by a test."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

TRACKS = Path(__file__).resolve().parents[3] / "alembic-deploy" / "tests" / "cases" / "tracks"


@pytest.fixture
def ini(tmp_path: Path) -> Path:
    """Return the alembic.ini of a copy of the case `tracks`."""
    directory = tmp_path / "tracks"
    shutil.copytree(TRACKS, directory, ignore=shutil.ignore_patterns("__pycache__"))
    return directory / "alembic.ini"


@pytest.fixture
def versions(ini: Path) -> Path:
    """Return the directory of the copy's revisions."""
    return ini.parent / "alembic" / "versions"


@pytest.fixture
def write(versions: Path) -> Callable[..., Path]:
    """Return a function that writes a revision without operations."""

    def write(name: str, *, revision: str, down: str | None, more: str = "") -> Path:
        path = versions / name
        path.write_text(
            f'"""{name}"""\n\nrevision = {revision!r}\ndown_revision = {down!r}\n{more}\n\n'
            "def upgrade() -> None:\n    pass\n\n\ndef downgrade() -> None:\n    pass\n"
        )
        return path

    return write
