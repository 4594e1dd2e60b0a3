"""What `package.module:attribute` of a project's settings names."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from alembic_proof.errors import ConfigError
from alembic_proof.history.fault import describe, place_in


def load_attribute(name: str, *, key: str, directory: Path) -> Any:
    """The attribute; `directory` is where Python looks for the module first.

    Raises:
        ConfigError: it cannot be imported, or its module has none of that name.
    """
    settings = str(directory / "pyproject.toml")
    module_name, colon, attribute = name.partition(":")
    if not colon or not module_name or not attribute:
        raise ConfigError(
            f"{key} = {name!r} names no attribute",
            where=settings,
            todo=f'write {key} = "package.module:attribute"',
        )
    if str(directory) not in sys.path:
        sys.path.insert(0, str(directory))
    try:
        found: Any = import_module(module_name)
        for part in attribute.removesuffix("()").split("."):
            found = getattr(found, part)
    except Exception as error:
        place = place_in(error, [directory])
        raise ConfigError(
            f"{key} = {name!r} cannot be loaded: {describe(error)}",
            where=settings if not place or place.startswith(__file__) else place,
            todo=f"correct {key}, or what it names",
        ) from error
    return found
