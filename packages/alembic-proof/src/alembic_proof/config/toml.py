"""A table of a pyproject.toml that belongs to one tool."""

from __future__ import annotations

import tomllib
from pathlib import Path

from alembic_proof.errors import ConfigError


def read_tool_table(path: Path, name: str) -> object:
    """What `[tool.NAME]` of the file holds; None without the file or the table.

    Raises:
        ConfigError: it cannot be read.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(
            f"cannot read the configuration: {error}", where=str(path), todo="correct the file"
        ) from error
    tool = document.get("tool", {})
    return tool.get(name) if isinstance(tool, dict) else None
