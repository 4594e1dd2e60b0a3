"""What a home says of its server: written when it is about to start, read by whoever asks next."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

_NAME = "server.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """Which PostgreSQL it is, what to tell the user, and whether anybody asked for that major."""

    version: str
    origin: str
    notes: tuple[str, ...]
    is_fallback: bool
    """The data was made by whichever PostgreSQL was there, for want of the embedded one."""


def read_description(home: Path) -> Description | None:
    """The home's description; None where there is none, or one that is not whole.

    Raises:
        OSError: the file is there and cannot be read.
    """
    try:
        said = json.loads((home / _NAME).read_text(encoding="utf-8"))
        return Description(
            version=said["version"],
            origin=said["origin"],
            notes=tuple(said["notes"]),
            is_fallback=bool(said["is_fallback"]),
        )
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError):
        return None


def write_description(home: Path, description: Description) -> None:
    """Write it whole or not at all."""
    unfinished = home / f"{_NAME}.new"
    unfinished.write_text(json.dumps(asdict(description)), encoding="utf-8")
    unfinished.replace(home / _NAME)
