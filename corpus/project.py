"""A project of the corpus: its packages, its settings and its known findings."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from corpus.errors import CorpusError
from corpus.group import Group, read_groups

PROJECTS = Path(__file__).with_name("projects")


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A directory with a project.toml, an alembic.ini, requirements.txt and explained.toml."""

    name: str
    directory: Path
    distribution: str
    version: str
    environment: tuple[tuple[str, str], ...]
    """Variables that the project wants to have; `{home}` in them is a directory of its own."""
    groups: tuple[Group, ...]

    @property
    def requirements(self) -> Path:
        """Every package at its version."""
        return self.directory / "requirements.txt"


def all_projects(root: Path = PROJECTS) -> tuple[Project, ...]:
    """Every project of the corpus by name.

    Raises:
        CorpusError: one is described wrongly.
    """
    return tuple(read_project(file.parent) for file in sorted(root.glob("*/project.toml")))


def read_project(directory: Path) -> Project:
    """Return the project that a directory describes.

    Raises:
        CorpusError: it describes none.
    """
    try:
        return _project(directory)
    except (OSError, KeyError, AttributeError, tomllib.TOMLDecodeError) as error:
        raise CorpusError(f"{directory}: not a project: {error!r}") from error


def _project(directory: Path) -> Project:
    said = tomllib.loads((directory / "project.toml").read_text(encoding="utf-8"))
    distribution = str(said["distribution"])
    return Project(
        name=directory.name,
        directory=directory,
        distribution=distribution,
        version=_version(directory / "requirements.txt", distribution=distribution),
        environment=tuple((name, str(value)) for name, value in said["environment"].items()),
        groups=read_groups(directory / "explained.toml"),
    )


def _version(requirements: Path, *, distribution: str) -> str:
    for line in requirements.read_text(encoding="utf-8").splitlines():
        name, _, version = line.partition("==")
        if name == distribution:
            return version.partition(" ")[0]
    raise CorpusError(f"{requirements}: {distribution} has no version")
