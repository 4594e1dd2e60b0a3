"""Which pyproject.toml Alembic reads, and whether the one installed here can."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

from alembic import __version__
from alembic.config import Config

from alembic_proof.config.toml import read_tool_table
from alembic_proof.errors import ConfigError


def has_alembic_table(path: Path) -> bool:
    """Whether the file is there and has `[tool.alembic]`.

    Raises:
        ConfigError: it cannot be read.
    """
    return isinstance(read_tool_table(path, "alembic"), dict)


def toml_argument(path: Path | None) -> dict[str, Any]:
    """What Config is given to read `[tool.alembic]` of that file; nothing without the table.

    Raises:
        ConfigError: there is one, and Alembic is too old to read it.
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
