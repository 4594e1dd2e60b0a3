"""Figures -> the table that the bench prints."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from bench.process import Timing


@dataclass(frozen=True, slots=True)
class Line:
    """A contestant and how long it took each time."""

    name: str
    timings: tuple[Timing, ...]

    @property
    def title(self) -> str:
        """The name, and how many revisions failed; as many each time."""
        failed = self.timings[-1].failed
        return f"{self.name} ({failed} revisions failed)" if failed else self.name

    @property
    def processes_s(self) -> tuple[float, ...]:
        """The whole processes; empty where there were none."""
        return tuple(one.process_s for one in self.timings if one.process_s is not None)

    @property
    def works_s(self) -> tuple[float, ...]:
        """The work alone."""
        return tuple(one.itself_s for one in self.timings)


def table(lines: tuple[Line, ...], *, unit: Line) -> str:
    """One row for each contestant: the whole process and the work itself.

    Of both the median, the fastest and the slowest, and how many times as long as `unit` it took.
    """
    width = max(len(line.title) for line in lines)
    figures = f"{'median':>9}  {'fastest':>9}  {'slowest':>9}  {'ratio':>6}"
    rows = [
        f"{line.title:{width}} | {_figures(line.processes_s, unit.processes_s)}"
        f" | {_figures(line.works_s, unit.works_s)}"
        for line in lines
    ]
    head = f"{'':{width}} | {'the whole process':<{len(figures)}} | the work itself"
    return "\n".join([head, f"{'':{width}} | {figures} | {figures}", *rows])


def _figures(times_s: tuple[float, ...], unit_s: tuple[float, ...]) -> str:
    if not times_s:
        return " " * 41
    return (
        f"{median(times_s):7.2f} s  {min(times_s):7.2f} s  {max(times_s):7.2f} s"
        f"  {median(times_s) / median(unit_s):6.2f}"
    )
