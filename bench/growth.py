"""Compare the cost of a revision at the beginning and at the end of a long history."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from bench.process import CommandError

_STEP = re.compile(r"^\s+r\d{5} ")


@dataclass(frozen=True, slots=True)
class Growth:
    """Seconds per revision over the first and over the last hundred."""

    first_s: float
    last_s: float

    @property
    def ratio(self) -> float:
        """How many times as much a late revision costs."""
        return self.last_s / self.first_s


def grow(
    command: tuple[str, ...], *, directory: Path, environ: Mapping[str, str], span: int = 100
) -> Growth:
    """Return the growth of a round trip that prints a line for each revision that it has proved.

    Raises:
        CommandError: it failed, or printed too few lines.
    """
    moments: list[float] = []
    lines: list[str] = []
    with subprocess.Popen(
        command,
        cwd=directory,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as running:
        for line in running.stdout or ():
            lines.append(line)
            if _STEP.match(line):
                moments.append(perf_counter())
    if running.returncode != 0 or len(moments) <= span:
        raise CommandError(command, "".join(lines))
    first = (moments[span] - moments[0]) / span
    return Growth(first, (moments[-1] - moments[-1 - span]) / span)
