"""What a command of boards-migrate is."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import dataclass

from boards.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A name, a line of help, its arguments, and what it does with them.

    `run` returns the exit code: 0 clean, 1 findings. What is broken, it raises.
    """

    name: str
    summary: str
    add_arguments: Callable[[ArgumentParser], None]
    run: Callable[[Namespace, Settings], int]
