"""Where a command's words go, and how it names files."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO


def say(text: str) -> None:
    """Print a result on standard output; nothing for empty text."""
    if text:
        print(text, flush=True)  # noqa: T201


def note(text: str) -> None:
    """Print what is not the result (progress, which server) on standard error."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201


def is_lively(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether somebody looks at it on a terminal that can move its cursor."""
    return stream.isatty() and environ.get("TERM") not in ("dumb", "unknown")


def shown_path(path: Path | None) -> str:
    """The path as the user would type it; empty for none."""
    if path is None:
        return ""
    working = Path.cwd()
    return str(path.relative_to(working) if path.is_relative_to(working) else path)
