"""The project that a command works on: Alembic's file, and the settings beside or above it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from configparser import ConfigParser
from configparser import Error as IniError
from dataclasses import dataclass, field, replace
from pathlib import Path

from alembic_deploy.errors import ConfigError
from alembic_deploy.settings import read_tool_table, read_url_env
from alembic_proof.config import Settings, read_settings

_SECTION = "alembic"
_FILE = Path("alembic.ini")
_TOML = Path("pyproject.toml")
_FLASK = Path("migrations", "alembic.ini")


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project: where its Alembic is configured, and what `[tool.alembic-proof]` sets."""

    file: Path
    """The alembic.ini, or a pyproject.toml with `[tool.alembic]`."""
    section: str = _SECTION
    """The main section of the alembic.ini, Alembic's `--name`."""
    x_arguments: tuple[str, ...] = ()
    """The arguments of Alembic's `-x`, as they were typed."""
    settings: Settings = field(default_factory=lambda: Settings(directory=Path()))

    @property
    def directory(self) -> Path:
        """Return the directory of the file."""
        return self.file.parent

    @property
    def ini(self) -> Path | None:
        """Return the alembic.ini; None if the pyproject.toml configures everything."""
        beside = self.directory / "alembic.ini"
        if self.file.suffix != ".toml":
            return self.file
        return beside if beside.is_file() else None

    @property
    def toml(self) -> Path | None:
        """Return the pyproject.toml beside the file, which may have `[tool.alembic]`; None without one."""
        beside = self.directory / "pyproject.toml"
        return beside if beside.is_file() else None

    @property
    def distant_settings(self) -> Path | None:
        """Return the settings file unless it is beside Alembic's file or in the working directory."""
        file = self.settings.file
        return None if file.parent in (self.directory, Path.cwd()) else file


def find_project(
    file: Path | None = None,
    *,
    section: str = _SECTION,
    x_arguments: tuple[str, ...] = (),
    directory: Path | None = None,
    option: str = "--config",
    section_option: str = "--name",
) -> Project:
    """Return the project of Alembic's file, with the default settings if it has none.

    Example::

        project = find_project(Path("packages/backend/alembic.ini"))

    :param file: By default the file that `alembic` would find when called in `directory`.
    :param section: Alembic's `--name`.
    :param x_arguments: Alembic's `-x`.
    :param directory: By default the working directory.
    :param option: The option that names a file, for messages.
    :param section_option: The option that names a section, for messages.
    :raises ConfigError: No such file, or settings that cannot be used.
    """
    place = (directory or Path()).resolve()
    found = _named(file) or _found_in(place)
    if not found.is_file():
        raise _not_found(found, place=place, option=option)
    path = found.resolve()
    if path.suffix != ".toml":
        _refuse_unreadable(path, section=section, option=section_option)
    elif section != _SECTION and not path.with_name(_FILE.name).is_file():
        raise _no_section(section, path=path, known=(), option=section_option)
    settings = _settings_of(path.parent, place)
    return Project(file=path, section=section, x_arguments=x_arguments, settings=settings)


def _refuse_unreadable(path: Path, *, section: str, option: str) -> None:
    """Raise ConfigError unless the file is an ini file with a usable script location."""
    parser = ConfigParser({"here": str(path.parent)})
    try:
        parser.read_string(path.read_text(encoding="utf-8"))
        parser.get(section, "script_location", fallback=None)
        if section != _SECTION and not parser.has_section(section):
            raise _no_section(section, path=path, known=parser.sections(), option=option)
    except (IniError, UnicodeDecodeError, OSError) as error:
        raise ConfigError(
            f"the file cannot be read as an alembic.ini: {' '.join(str(error).split())}",
            where=str(path),
            todo="correct it, or name another file with --config",
        ) from error


def _no_section(section: str, *, path: Path, known: Sequence[str], option: str) -> ConfigError:
    return ConfigError(
        f"there is no section [{section}]",
        where=str(path),
        todo=f"name another one with {option}; it has {', '.join(f'[{one}]' for one in known)}"
        if known
        else f"leave {option} out",
    )


def has_project(directory: Path) -> bool:
    """Return whether `alembic` would find a project when called in this directory."""
    return _found_in(directory) != directory


def _named(file: Path | None) -> Path | None:
    """Return the file, else the one that $ALEMBIC_CONFIG names; None without either."""
    named = file or Path(os.environ.get("ALEMBIC_CONFIG", "").strip() or ".")
    return named if named != Path() else None


def _found_in(directory: Path) -> Path:
    """Return Alembic's file in the directory; the directory itself without one."""
    if (directory / _FILE).is_file():
        return directory / _FILE
    if has_alembic_table(directory / _TOML):
        return directory / _TOML
    flask = directory / _FLASK
    return flask if flask.is_file() and flask.with_name("env.py").is_file() else directory


def _not_found(looked_for: Path, *, place: Path, option: str) -> ConfigError:
    if looked_for != place:
        name = looked_for.name
        what = f"{name} is a directory" if looked_for.is_dir() else f"there is no {name} here"
        todo = f"name the project's alembic.ini or pyproject.toml with {option}, or leave it out"
        return ConfigError(what, where=str(looked_for.resolve().parent), todo=todo)
    looked = f"looked for {_FILE}, [tool.alembic] in {_TOML}, and {_FLASK}"
    what = f"there is no Alembic project here: {looked}"
    todo = f"change to the directory that has it, or pass {option} FILE"
    return ConfigError(what, where=str(place), todo=todo)


def _settings_of(directory: Path, working: Path) -> Settings:
    """Return the settings beside Alembic's file, else the nearest ones above it.

    `[tool.alembic-proof]` and the `url_env` of `[tool.alembic-deploy]` may be in different files.

    The search ends at the root of the git repository of the file. Without a repository it ends at the
    nearest directory that contains the working directory as well.
    """
    common = Path(os.path.commonpath([directory, working]))
    highest = min(common, _repository_of(directory) or common, key=lambda place: len(place.parts))
    above = [place for place in directory.parents if place.is_relative_to(highest)]
    places = (directory, *above)
    settings = next((found for place in places if (found := read_settings(place))), None)
    if settings is not None and settings.url_env is not None:
        return settings
    url_env = next((name for place in places if (name := read_url_env(place))), None)
    return replace(settings or Settings(directory=directory), url_env=url_env)


def _repository_of(directory: Path) -> Path | None:
    """Return the root of the git repository of the directory; None if it is in none.

    A worktree and a submodule have a file `.git`. As for git itself, a repository ends where
    another file system is mounted. A repository that contains the home directory does not count.
    """
    device, home = directory.stat().st_dev, Path.home()
    for place in (directory, *directory.parents):
        if home.is_relative_to(place) or place.stat().st_dev != device:
            return None
        if (place / ".git").exists():
            return place
    return None


def has_alembic_table(path: Path) -> bool:
    """Return whether the file exists and has `[tool.alembic]`.

    :raises ConfigError: The file cannot be read.
    """
    return isinstance(read_tool_table(path, "alembic"), dict)
