"""What a configuration says of its history, and where env.py lies, without importing the project.

A script_location may be `package:directory`; Alembic imports the package to find it, and the package
may read its settings while the database's URL is not there yet.
"""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

from alembic.config import Config
from alembic.util import CommandError


def option(config: Config, name: str) -> str | None:
    """The option of the pyproject.toml or of the ini file; None without such a section."""
    read = getattr(config, "get_alembic_option", config.get_main_option)
    try:
        value = read(name)
    except CommandError:
        return None
    return str(value) if value is not None else None


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
    first = re.split(r"[:;,\s]+", option(config, "prepend_sys_path") or "")
    places = [Path(place, top) for place in first if place]
    places += map(Path, (spec.submodule_search_locations if spec else None) or ())
    found = (place.joinpath(*inner, *parts, "env.py") for place in places)
    return next((path for path in found if path.is_file()), None)
