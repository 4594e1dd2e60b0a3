"""The project that is worked on: its Alembic and its settings."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from alembic_proof.config import Config, read_config
from alembic_proof.errors import ConfigError
from alembic_proof.history.alembic_toml import has_alembic_table
from alembic_proof.history.project import AlembicProject, FlaskApp, UrlRoute

_FILE = Path("alembic.ini")
_TOML = Path("pyproject.toml")
_FLASK = Path("migrations", "alembic.ini")


@dataclass(frozen=True, slots=True)
class Project:
    """Its Alembic, and what `[tool.alembic-proof]` says."""

    alembic: AlembicProject
    config: Config


def find_project(
    file: Path | None = None, *, section: str = "alembic", x_arguments: tuple[str, ...] = ()
) -> Project:
    """The project of Alembic's file, by default the one that `alembic` itself would find here.

    `section` and `x_arguments` are Alembic's `--name` and `-x`. Settings are the defaults where the
    project has none.

    Raises:
        ConfigError: no such file, or settings that cannot be used.
    """
    path = _find_file(file).resolve()
    config = next(_settings_of(path.parent), None) or Config(directory=path.parent)
    return Project(
        alembic=AlembicProject(
            file=path,
            section=section,
            x_arguments=x_arguments,
            route=_route(config),
            flask_app=_flask_app(config),
        ),
        config=config,
    )


def _find_file(named: Path | None) -> Path:
    """The file that is named, by Alembic's own variable at last, else the one that is here."""
    named = named or Path(os.environ.get("ALEMBIC_CONFIG", "").strip() or ".")
    if named != Path():
        if named.is_file():
            return named
        raise _not_found(f"there is no {named.name} here", place=named.resolve().parent)
    if _FILE.is_file():
        return _FILE
    if has_alembic_table(_TOML):
        return _TOML
    if _FLASK.is_file() and _FLASK.with_name("env.py").is_file():
        return _FLASK
    looked = f"looked for {_FILE}, [tool.alembic] in {_TOML}, and {_FLASK}"
    raise _not_found(f"there is no Alembic project here: {looked}", place=Path.cwd())


def _not_found(what: str, *, place: Path) -> ConfigError:
    todo = "change to the directory that has it, or pass --config FILE"
    return ConfigError(what, where=str(place), todo=todo)


def _settings_of(directory: Path) -> Iterator[Config]:
    """The settings beside Alembic's file, then those above it, no further than the working place.

    Flask-Migrate's alembic.ini lies in a directory of its own, below the pyproject.toml.
    """
    working = Path.cwd()
    above = [directory]
    if directory.is_relative_to(working):
        above += [place for place in directory.parents if place.is_relative_to(working)]
    for place in above:
        config = read_config(place)
        if config is not None:
            yield config


def _route(config: Config) -> UrlRoute:
    return UrlRoute(
        driver=config.driver,
        variable=config.url_env,
        x_argument=config.url_x_arg,
        ini_key=config.url_ini_key or UrlRoute().ini_key,
    )


def _flask_app(config: Config) -> FlaskApp | None:
    if config.flask_app is None:
        return None
    return FlaskApp(name=config.flask_app, directory=config.directory)
