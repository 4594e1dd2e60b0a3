"""What a command of boards-migrate is."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable
from dataclasses import dataclass

from boards.settings import Settings

_SHORTEST = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A name, a line of help, its arguments, and what it does with them.

    `run` returns the exit code: 0 clean, 1 findings. What is broken, it raises.
    """

    name: str
    summary: str
    add_arguments: Callable[[ArgumentParser], None]
    run: Callable[[Namespace, Settings], int]


def revision(text: str) -> str:
    """The name of a revision, as an argument.

    Raises:
        ArgumentTypeError: it is empty, a range, or a number of steps without its sign, which Alembic
            would take for the beginning of an id.
    """
    if not text.strip() or ":" in text:
        raise ArgumentTypeError(f"{text!r} is not the name of a revision")
    if text.isdecimal() and len(text) < _SHORTEST:
        raise ArgumentTypeError(
            f"{text!r} is too short for a revision; -{text} is that many back, +{text} forward"
        )
    return text


def revision_range(text: str) -> str:
    """One revision or FROM:TO, as an argument.

    Raises:
        ArgumentTypeError: a name is empty, or there are more than two.
    """
    names = text.split(":")
    if len(names) > 2:
        raise ArgumentTypeError(f"{text!r} is not FROM:TO")
    return ":".join(revision(name) for name in names)
