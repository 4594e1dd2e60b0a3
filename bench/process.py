"""Commands that are timed, as a whole and as far as they say for themselves."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Container, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

_ITSELF = re.compile(r"^itself: (\d+\.\d+) s$|\bin (\d+\.\d+)s\b", re.MULTILINE)
"""The duration of the work alone, as our programs and pytest print it."""

_FAILED = re.compile(r"^failed: (\d+) revisions$", re.MULTILINE)
"""The number of revisions that a stairway could not apply, as it prints it."""


class CommandError(Exception):
    """A contestant that failed, so that its time has no meaning."""

    def __init__(self, command: tuple[str, ...], output: str) -> None:
        super().__init__(f"{' '.join(command)}\n{output[-2000:]}")


@dataclass(frozen=True, slots=True)
class Timing:
    """How long one run took."""

    process_s: float | None
    """From the start of the interpreter to its end; None where it was no process of its own."""
    itself_s: float
    """The work alone: without the start of the interpreter and what it imports."""
    failed: int = 0
    """How many revisions could not be climbed."""


def timed(
    command: tuple[str, ...], *, directory: Path, environ: Mapping[str, str], codes: Container[int]
) -> Timing:
    """How long the command took.

    Raises:
        CommandError: it ended with another code, or does not say how long its work took.
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
    said = _ITSELF.findall(ended.stdout)
    if ended.returncode not in codes or not said:
        raise CommandError(command, ended.stdout)
    failed = _FAILED.search(ended.stdout)
    return Timing(elapsed_s, float("".join(said[-1])), int(failed[1]) if failed else 0)
