"""Commands that are timed from their start to their end, whatever they import on the way."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from time import perf_counter


class CommandError(Exception):
    """A contestant that did not come to a good end: its time would say nothing."""

    def __init__(self, command: tuple[str, ...], output: str) -> None:
        super().__init__(f"{' '.join(command)}\n{output[-2000:]}")


def timed_s(command: tuple[str, ...], *, directory: Path, environ: Mapping[str, str]) -> float:
    """How long the command took.

    Raises:
        CommandError: it ended with another code than 0.
    """
    start = perf_counter()
    ended = subprocess.run(
        command,
        cwd=directory,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    elapsed_s = perf_counter() - start
    if ended.returncode != 0:
        raise CommandError(command, ended.stdout)
    return elapsed_s
