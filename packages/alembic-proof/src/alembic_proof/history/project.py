"""A project's Alembic: where it is configured, and how its env.py is told where to go."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class AlembicProject:
    """What a proof has to know of a project to run its env.py on a scratch database."""

    file: Path
    """The alembic.ini."""

    @property
    def directory(self) -> Path:
        """Where the file lies."""
        return self.file.parent
