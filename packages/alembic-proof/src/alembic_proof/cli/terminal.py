"""Where a command's words go."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout, suppress
from functools import partial
from typing import TextIO

from alembic_proof.env.ending import tell

_STDOUT, _STDERR = 1, 2


def say(text: str) -> None:
    """Print a result on standard output; nothing for empty text."""
    if text:
        tell(sys.stdout, text)


def note(text: str) -> None:
    """Print what is not the result (progress, which server) on standard error."""
    tell(sys.stderr, text)


@contextmanager
def results_alone() -> Iterator[Callable[[str], None]]:
    """Ensures that only what is told to the function it gives reaches standard output.

    What a project prints, or logs through a handler that it makes here, goes to standard error,
    also when it does so as its modules are loaded.
    """
    results = sys.stdout
    with redirect_stdout(sys.stderr):
        yield partial(tell, results)


@contextmanager
def descriptor_aside() -> Iterator[None]:
    """Ensure that what a project's processes write to standard output goes to standard error.

    They inherit the file descriptor, whatever stands in the place of Python's `sys.stdout`.
    """
    with suppress(OSError, ValueError, AttributeError):
        sys.__stdout__.flush()  # type: ignore[union-attr]
    try:
        kept = os.dup(_STDOUT)
    except OSError:  # it is closed: nothing can get there
        yield
        return
    try:
        with suppress(OSError):
            _ = os.dup2(_STDERR, _STDOUT)
        yield
    finally:
        with suppress(OSError, ValueError, AttributeError):
            sys.__stdout__.flush()  # type: ignore[union-attr]
        _ = os.dup2(kept, _STDOUT)
        os.close(kept)


def is_lively(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether somebody looks at it on a terminal that can move its cursor."""
    return stream.isatty() and environ.get("TERM") not in ("dumb", "unknown")
