"""A project's Alembic: where it is configured, and how its env.py is told where to go."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from alembic_proof.config import DEFAULT_WAIT_TIMEOUT_S


@dataclass(frozen=True, slots=True, kw_only=True)
class UrlRoute:
    """The ways by which env.py is given a database's URL, beside `config.attributes["url"]`."""

    driver: str | None = None
    """The driver that the URL names; None for the one that the project itself names or has."""
    variable: str | None = None
    """An environment variable that holds the URL."""
    x_argument: str | None = None
    """The name of Alembic's `-x NAME=URL`."""
    ini_key: str = "sqlalchemy.url"
    """The option of the main section of alembic.ini."""
    parts_variables: tuple[tuple[str, str], ...] = ()
    """(part of the URL, environment variable that holds it)."""
    parts_options: tuple[tuple[str, str], ...] = ()
    """(part of the URL, option of the main section of alembic.ini)."""
    settings: Path | None = None
    """The file that says so; None for the defaults."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlaskApp:
    """The application whose context Flask-Migrate's env.py needs."""

    name: str
    """`package.module:attribute`, an application or what makes one."""
    directory: Path
    """Where Python looks for the package first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlembicProject:
    """What a proof has to know of a project to run its env.py on a scratch database."""

    file: Path
    """The alembic.ini, or a pyproject.toml with `[tool.alembic]`."""
    section: str = "alembic"
    """The main section of the alembic.ini, Alembic's `--name`."""
    x_arguments: tuple[str, ...] = ()
    """Alembic's `-x`, each as it was typed."""
    route: UrlRoute = UrlRoute()
    flask_app: FlaskApp | None = None
    wait_timeout_s: float = DEFAULT_WAIT_TIMEOUT_S
    """How long a step may wait for a lock of a connection that does nothing."""

    @property
    def directory(self) -> Path:
        """Where the file lies."""
        return self.file.parent

    @property
    def ini(self) -> Path | None:
        """The alembic.ini; None where the pyproject.toml says everything."""
        beside = self.directory / "alembic.ini"
        if self.file.suffix != ".toml":
            return self.file
        return beside if beside.is_file() else None

    @property
    def toml(self) -> Path | None:
        """The pyproject.toml that may have `[tool.alembic]`; None without one."""
        beside = self.directory / "pyproject.toml"
        return beside if beside.is_file() else None
