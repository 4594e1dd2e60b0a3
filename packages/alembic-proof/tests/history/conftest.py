"""Copies of a tiny project, to be changed by a test."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

CASES = Path(__file__).resolve().parents[1] / "cases"


@pytest.fixture
def ini(tmp_path: Path) -> Path:
    """The alembic.ini of a copy of the case `tracks`."""
    directory = tmp_path / "tracks"
    shutil.copytree(CASES / "tracks", directory, ignore=shutil.ignore_patterns("__pycache__"))
    return directory / "alembic.ini"


@pytest.fixture
def versions(ini: Path) -> Path:
    """The directory of that copy's revisions."""
    return ini.parent / "alembic" / "versions"


@pytest.fixture
def write(versions: Path) -> Callable[..., Path]:
    """Writes a revision file that does nothing."""

    def write(name: str, *, revision: str, down: str | None, more: str = "") -> Path:
        path = versions / name
        path.write_text(
            f'"""{name}"""\n\nrevision = {revision!r}\ndown_revision = {down!r}\n{more}\n\n'
            "def upgrade() -> None:\n    pass\n\n\ndef downgrade() -> None:\n    pass\n"
        )
        return path

    return write
