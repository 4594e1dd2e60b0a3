"""Figures -> the table that the bench prints."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Line:
    """A contestant and how long it took each time."""

    name: str
    times_s: tuple[float, ...]

    @property
    def median_s(self) -> float:
        """The time in the middle."""
        return median(self.times_s)


def table(lines: tuple[Line, ...], *, unit: Line) -> str:
    """One row for each contestant: its median, the fastest and the slowest, and the ratio.

    The ratio says how many times as long as `unit` the contestant takes.
    """
    width = max(len(line.name) for line in lines)
    head = f"{'':{width}}  {'median':>9}  {'fastest':>9}  {'slowest':>9}  {'ratio':>7}"
    rows = [
        f"{line.name:{width}}  {line.median_s:7.2f} s  {min(line.times_s):7.2f} s"
        f"  {max(line.times_s):7.2f} s  {line.median_s / unit.median_s:7.2f}"
        for line in lines
    ]
    return "\n".join([head, *rows])
