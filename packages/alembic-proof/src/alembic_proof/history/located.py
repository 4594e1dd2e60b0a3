"""What a configuration says of its history, and where env.py lies, without importing the project.

A script_location may be `package:directory`; Alembic imports the package to find it, and the package
may read its settings while the database's URL is not there yet.
"""

from __future__ import annotations

import os
import re
from importlib.util import find_spec
from pathlib import Path

from alembic.config import Config
from alembic.util import CommandError

_SEPARATORS = {"space": " ", "newline": "\n", "os": os.pathsep, ":": ":", ";": ";"}
"""The values of Alembic's option `path_separator`."""


def option(config: Config, name: str) -> str | None:
    """The option of the pyproject.toml or of the ini file; None without such a section."""
    value = _read(config, name)
    return str(value) if value is not None else None


def prepended_directories(config: Config) -> tuple[str, ...]:
    """Return the directories of `prepend_sys_path`, separated as `path_separator` says.

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


def env_py(config: Config) -> Path | None:
    """The path that env.py should have; None where that is not known without an import."""
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
