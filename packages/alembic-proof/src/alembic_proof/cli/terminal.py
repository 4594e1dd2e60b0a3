"""Where a command's words go."""

from __future__ import annotations

import sys


def say(text: str) -> None:
    """Print a result on standard output; nothing for empty text."""
    if text:
        print(text, flush=True)  # noqa: T201


def note(text: str) -> None:
    """Print what is not the result (progress, which server) on standard error."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201
