"""The project that is worked on: its alembic.ini and its settings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from alembic_proof.config import Config, read_config
from alembic_proof.errors import ConfigError
from alembic_proof.history.project import AlembicProject


@dataclass(frozen=True, slots=True)
class Project:
    """Its Alembic, and what the pyproject.toml next to it says."""

    alembic: AlembicProject
    config: Config


def find_project(ini: Path) -> Project:
    """The project of this alembic.ini; default settings where it has none of its own.

    Raises:
        ConfigError: no such file, or settings that cannot be used.
    """
    path = ini.resolve()
    if not path.is_file():
        raise ConfigError(
            f"there is no {ini.name} here",
            where=str(path.parent),
            todo="change to the directory that has it, or pass --config FILE",
        )
    config = read_config(path.parent) or Config(directory=path.parent)
    return Project(alembic=AlembicProject(file=path), config=config)
