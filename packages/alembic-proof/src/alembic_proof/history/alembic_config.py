"""Alembic's configuration of a project in this process, and the URL that its env.py is given."""

from __future__ import annotations

import inspect
import io
import os
import re
from argparse import Namespace
from collections.abc import Iterator
from configparser import InterpolationError
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TextIO

from alembic import __version__
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from alembic_deploy.errors import ConfigError, HistoryError
from alembic_deploy.url import DatabaseUrl, is_usable_driver
from alembic_proof.config import Settings
from alembic_proof.history.lock_wait import WAIT_TIMEOUT_S
from alembic_proof.history.project import Project, has_alembic_table

ENV_DRIVERS = ("psycopg2", "psycopg", "pg8000", "asyncpg")
"""The drivers that an env.py may connect with, the first choice of a synchronous one first."""

_ASYNC_DRIVERS = ("asyncpg", "psycopg")
_ASYNC_WORDS = ("async", "alembic_deploy.env")
"""Words in the text of an env.py that connects asynchronously; run_env() does."""
_SEPARATORS = {"space": " ", "newline": "\n", "os": os.pathsep, ":": ":", ";": ";"}
"""The values of Alembic's option `path_separator`."""


def alembic_config(
    project: Project, *, url: str | None = None, stdout: TextIO | None = None
) -> Config:
    """Return a configuration for commands in this process.

    :param url: The database that env.py gets; by default it uses its own.
    :param stdout: What Alembic prints goes here; by default to a buffer, `config.stdout`.
    :raises HistoryError: The file does not exist.
    :raises ConfigError: A pyproject.toml that this Alembic cannot read.
    """
    if not project.file.is_file():
        raise HistoryError("there is no Alembic configuration", where=str(project.file))
    config = Config(
        str(project.ini) if project.ini else None,
        ini_section=project.section,
        cmd_opts=Namespace(x=list(project.x_arguments), name=project.section, raiseerr=False),
        stdout=stdout if stdout is not None else io.StringIO(),
        **toml_argument(project.toml),
    )
    config.attributes["quiet"] = True
    config.attributes[WAIT_TIMEOUT_S] = project.settings.wait_timeout_s
    _locate_scripts(config, project)
    if url is not None:
        config.attributes["url"] = url
        _set_url(config, project, url)
    return config


def toml_argument(path: Path | None) -> dict[str, Any]:
    """Return the argument with which Config reads `[tool.alembic]`; empty without that table.

    :raises ConfigError: There is such a table, but Alembic is too old to read it.
    """
    if path is None or not has_alembic_table(path):
        return {}
    if "toml_file" not in inspect.signature(Config).parameters:
        raise ConfigError(
            f"Alembic {__version__} reads no [tool.alembic]",
            where=str(path),
            todo="install Alembic 1.16 or later, or give it an alembic.ini",
        )
    return {"toml_file": str(path)}


def _locate_scripts(config: Config, project: Project) -> None:
    """Set the script location of Flask-Migrate, whose alembic.ini is beside env.py."""
    if (project.directory / "env.py").is_file() and option(config, "script_location") is None:
        config.set_main_option("script_location", str(project.directory).replace("%", "%%"))


def _set_url(config: Config, project: Project, url: str) -> None:
    """Put the URL into the options and the `-x` argument that env.py reads, as the settings say."""
    settings, given = project.settings, url_for_env(project, config, url=url)
    config.set_main_option(settings.url_ini_key, given.replace("%", "%%"))
    parts = url_parts(url)
    for part, option_name in settings.url_parts_ini:
        config.set_main_option(option_name, parts[part].replace("%", "%%"))
    if settings.url_x_arg is not None and config.cmd_opts is not None:
        config.cmd_opts.x.append(f"{settings.url_x_arg}={given}")


def url_for_env(project: Project, config: Config, *, url: str) -> str:
    """Return the URL in SQLAlchemy's form, with the driver that env.py uses.

    That is the driver that the settings name, else the driver of the project's own URL (in the
    environment variable or in the ini file), else an installed one that suits env.py.
    """
    scheme = _scheme(project.settings, config)
    target = DatabaseUrl.parse(url)
    if scheme.endswith("+pg8000") and target.is_socket:
        directory, port = target.hosts[0]
        plain = replace(target, hosts=()).sqlalchemy_url.partition(":")[2]
        return f"{scheme}:{plain}?unix_sock={directory}/.s.PGSQL.{port or 5432}"
    return f"{scheme}:{target.sqlalchemy_url.partition(':')[2]}"


def url_parts(url: str) -> dict[str, str]:
    """Return the host, port, user, password and database of a URL as text.

    A missing part is empty, except for the port: that is PostgreSQL's default then.
    """
    target = DatabaseUrl.parse(url)
    host, port = target.hosts[0] if target.hosts else ("", None)
    return {
        "host": host,
        "port": str(port or 5432),
        "user": target.user or "",
        "password": target.password or "",
        "database": target.database or "",
    }


def _scheme(settings: Settings, config: Config) -> str:
    """Return `postgresql+driver`, or `postgresql` if the project's own URL names no driver."""
    if settings.driver is not None:
        _refuse_unknown_driver(settings.driver, settings=settings)
        return f"postgresql+{settings.driver}"
    for scheme in _own_schemes(settings, config):
        if scheme.partition("+")[0] == "postgresql":
            return scheme
    drivers = _ASYNC_DRIVERS if _is_asynchronous(config) else ENV_DRIVERS
    return f"postgresql+{next(filter(is_usable_driver, drivers), drivers[0])}"


def _refuse_unknown_driver(driver: str, *, settings: Settings) -> None:
    try:
        make_url(f"postgresql+{driver}://").get_dialect()
    except ArgumentError as error:
        raise ConfigError(
            f"driver = {driver!r} in [tool.alembic-proof] is none of SQLAlchemy's for PostgreSQL",
            where=str(settings.file),
            todo=f"write {', '.join(ENV_DRIVERS)} or another driver that SQLAlchemy knows",
        ) from error


def _own_schemes(settings: Settings, config: Config) -> Iterator[str]:
    """Yield the schemes of the project's own URLs; empty for a missing one."""
    if settings.url_env is not None:
        yield os.environ.get(settings.url_env, "").partition(":")[0]
    try:
        yield (config.get_main_option(settings.url_ini_key) or "").partition(":")[0]
    except (CommandError, InterpolationError):
        return  # no section, or a value that env.py completes


def _is_asynchronous(config: Config) -> bool:
    """Return whether the text of env.py shows that it connects asynchronously."""
    path = locate_env_py(config)
    try:
        text = path.read_text(encoding="utf-8", errors="replace") if path else ""
    except OSError:
        return False
    return any(word in text for word in _ASYNC_WORDS)


def option(config: Config, name: str) -> str | None:
    """Return an option of pyproject.toml or of the ini file; None without it or its section."""
    value = _read(config, name)
    return str(value) if value is not None else None


def prepended_directories(config: Config) -> tuple[str, ...]:
    """Return the directories of `prepend_sys_path`, split at the separator of `path_separator`.

    Source: https://alembic.sqlalchemy.org/en/latest/tutorial.html#editing-the-ini-file
    """
    value = _read(config, "prepend_sys_path")
    if isinstance(value, list):
        return tuple(map(str, value))
    separator = _SEPARATORS.get(option(config, "path_separator") or "")
    text = str(value or "")
    places = text.split(separator) if separator else re.split(r"[:;,\s]+", text)
    return tuple(place.strip() for place in places if place.strip())


def _read(config: Config, name: str) -> object:
    read = getattr(config, "get_alembic_option", config.get_main_option)
    try:
        value: object = read(name)
    except CommandError:
        return None
    return value


def locate_env_py(config: Config) -> Path | None:
    """Return the path of env.py without importing the project; None if only an import shows it.

    A script_location may be `package:directory`. Alembic imports the package to find the directory,
    but the package may read its settings before the database's URL is set.
    """
    location = option(config, "script_location")
    if location is None:
        return None
    package, *parts = [location] if Path(location).is_absolute() else location.split(":")
    if not parts:
        return Path(location, "env.py")
    top, *inner = package.split(".")
    spec = find_spec(top)
    places = [Path(place, top) for place in prepended_directories(config)]
    places += map(Path, (spec.submodule_search_locations if spec else None) or ())
    found = (place.joinpath(*inner, *parts, "env.py") for place in places)
    return next((path for path in found if path.is_file()), None)
