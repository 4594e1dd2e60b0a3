"""The project that is worked on: its Alembic and its settings."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from configparser import ConfigParser
from configparser import Error as IniError
from dataclasses import dataclass
from pathlib import Path

from alembic_proof.config import Config, read_config
from alembic_proof.errors import ConfigError
from alembic_proof.history.alembic_toml import has_alembic_table
from alembic_proof.history.project import AlembicProject, FlaskApp, UrlRoute

_SECTION = "alembic"
_FILE = Path("alembic.ini")
_TOML = Path("pyproject.toml")
_FLASK = Path("migrations", "alembic.ini")


@dataclass(frozen=True, slots=True)
class Project:
    """Its Alembic, and what `[tool.alembic-proof]` says."""

    alembic: AlembicProject
    config: Config

    @property
    def settings_from_elsewhere(self) -> Path | None:
        """Return the settings file unless it lies beside Alembic's file or in the working directory."""
        file = self.config.file
        if file.parent in (self.alembic.directory, Path.cwd()):
            return None
        return file


def find_project(
    file: Path | None = None,
    *,
    section: str = _SECTION,
    x_arguments: tuple[str, ...] = (),
    directory: Path | None = None,
    option: str = "--config",
    section_option: str = "--name",
) -> Project:
    """The project of Alembic's file, by default the one that `alembic` itself would find.

    `section` and `x_arguments` are Alembic's `--name` and `-x`, `directory` is where it would be
    called (the working directory), `option` and `section_option` name a file and a section where one
    is not found. Settings are the defaults where the project has none.

    Raises:
        ConfigError: no such file, or settings that cannot be used.
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
    config = next(_settings_of(path.parent, place), None) or Config(directory=path.parent)
    return Project(
        alembic=AlembicProject(
            file=path,
            section=section,
            x_arguments=x_arguments,
            route=_route(config),
            flask_app=_flask_app(config),
            wait_timeout_s=config.wait_timeout_s,
        ),
        config=config,
    )


def _refuse_unreadable(path: Path, *, section: str, option: str) -> None:
    """Ensures that the file is an ini file that says where the history lies.

    Raises:
        ConfigError: it is none, or what it says cannot be put together.
    """
    parser = ConfigParser({"here": str(path.parent)})
    try:
        parser.read_string(path.read_text(encoding="utf-8"))
        parser.get(section, "script_location", fallback=None)
        if section != _SECTION and not parser.has_section(section):
            raise _no_section(section, path=path, known=parser.sections(), option=option)
    except (IniError, UnicodeDecodeError, OSError) as error:
        raise ConfigError(
            f"it cannot be read as an alembic.ini: {' '.join(str(error).split())}",
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
    """Whether `alembic` would find a project there by itself."""
    return _found_in(directory) != directory


def _named(file: Path | None) -> Path | None:
    """The file that is named, by Alembic's own variable at last; None for the one that is there."""
    named = file or Path(os.environ.get("ALEMBIC_CONFIG", "").strip() or ".")
    return named if named != Path() else None


def _found_in(directory: Path) -> Path:
    """The file that the directory has; the directory itself where it has none."""
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


def _settings_of(directory: Path, working: Path) -> Iterator[Config]:
    """Yield the settings beside Alembic's file, then those above it, nearest first.

    The search ends at the root of the repository that has the file, and without one at the nearest
    directory that has the working directory as well: what lies above is somebody else's.
    """
    common = Path(os.path.commonpath([directory, working]))
    highest = min(common, _repository_of(directory) or common, key=lambda place: len(place.parts))
    above = [place for place in directory.parents if place.is_relative_to(highest)]
    for place in (directory, *above):
        config = read_config(place)
        if config is not None:
            yield config


def _repository_of(directory: Path) -> Path | None:
    """Return the root of the git repository that has the directory; None where it is in none.

    A worktree and a submodule have a file `.git`. As for git itself, a repository ends where
    another file system is mounted; one that has the home directory holds no project.
    """
    device, home = directory.stat().st_dev, Path.home()
    for place in (directory, *directory.parents):
        if home.is_relative_to(place) or place.stat().st_dev != device:
            return None
        if (place / ".git").exists():
            return place
    return None


def _route(config: Config) -> UrlRoute:
    return UrlRoute(
        driver=config.driver,
        variable=config.url_env,
        x_argument=config.url_x_arg,
        ini_key=config.url_ini_key or UrlRoute().ini_key,
        parts_variables=config.url_parts_env,
        parts_options=config.url_parts_ini,
        settings=config.file,
    )


def _flask_app(config: Config) -> FlaskApp | None:
    if config.flask_app is None:
        return None
    return FlaskApp(name=config.flask_app, directory=config.directory)
