"""What was measured -> Markdown tables, and which promises were broken."""

from __future__ import annotations

import os
import platform
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

from chaos.faults import Trial
from chaos.latency import Latency
from chaos.passwords import PasswordSearch
from chaos.traffic import ADDED_AT_MOST_MS, NO_MIGRATION, OURS, Kind, Measured

_TRAFFIC_HEAD = (
    "| revisions | kind | | transactions | p50 ms | p99 ms | max ms | errors | migration |\n"
    "|---|---|---|--:|--:|--:|--:|--:|---|\n"
)
_FAULTS_HEAD = (
    "| fault | trials | as promised | session gone after, at most | problems |\n"
    "|---|--:|--:|--:|---|\n"
)
_BLOCK = "<!-- {name}: written by nox -s chaos -->\n"
_END = "<!-- end -->\n"
_LONGEST_PROBLEM = 160


def traffic_table(measured: Sequence[Measured]) -> str:
    """Return a row for each leg and tool."""
    return _TRAFFIC_HEAD + "".join(map(_row, measured))


def traffic_problems(measured: Sequence[Measured]) -> tuple[str, ...]:
    """Return the promises to the clients that our migrations in their safe form broke."""
    without = {one.leg: one.latency for one in measured if one.tool == NO_MIGRATION}
    ours = [one for one in measured if one.tool == OURS]
    return tuple(problem for one in ours for problem in _problems(one, without[one.leg]))


def faults_table(trials: Sequence[Trial]) -> str:
    """Return a row for each kind of fault."""
    ordered = sorted(trials, key=lambda trial: trial.fault)
    rows = [
        _fault_row(name, tuple(group)) for name, group in groupby(ordered, lambda one: one.fault)
    ]
    return _FAULTS_HEAD + "".join(rows)


def password_line(search: PasswordSearch) -> str:
    """Return where passwords were found."""
    found = ", ".join(sorted(search.found)) or "nowhere"
    return f"Passwords found in {search.searched:,} outputs, logs and command lines: {found}.\n"


def machine_line() -> str:
    """Return a description of the machine that measured."""
    return f"{os.cpu_count()} processors, {platform.system()}, Python {platform.python_version()}"


def write_blocks(page: Path, blocks: Iterable[tuple[str, str]]) -> None:
    """Replace the named blocks of the page by these texts.

    :raises KeyError: The page has no such block.
    """
    text = page.read_text(encoding="utf-8")
    for name, content in blocks:
        begin = _BLOCK.format(name=name)
        pattern = re.compile(re.escape(begin) + ".*?" + re.escape(_END), re.DOTALL)
        parts = pattern.split(text, 1)
        if len(parts) == 1:
            raise KeyError(name)
        before, after = parts
        text = f"{before}{begin}\n{content}\n{_END}{after}"
    page.write_text(text, encoding="utf-8")


def _problems(ours: Measured, without: Latency) -> Iterator[str]:
    name = f"{ours.leg.direction}, {ours.leg.title}"
    if ours.code:
        yield f"{name}: exit code {ours.code}: {ours.output.strip()[-300:]}"
    if ours.leg.kind is not Kind.SAFE:
        return
    for error, count in ours.latency.errors:
        yield f"{name}: {count} x {error}"
    added_ms = ours.latency.max_ms - without.max_ms
    if added_ms > ADDED_AT_MOST_MS:
        yield f"{name}: the longest wait grew by {added_ms:.0f} ms ({ours.latency.slowest})"


def _row(one: Measured) -> str:
    found = one.latency
    ended = "" if one.tool == NO_MIGRATION else f"{one.took_s:.0f} s"
    failed = f", fails ({one.code})" if one.code else ""
    return (
        f"| {one.leg.direction}: {one.leg.title} | {one.leg.kind.value} | {one.tool} |"
        f" {found.count:,} | {found.p50_ms:.0f} | {found.p99_ms:.0f} | {found.max_ms:.0f} |"
        f" {_errors(found)} | {ended}{failed} |\n"
    )


def _errors(found: Latency) -> str:
    """Return the number of each error."""
    return ", ".join(f"{count} {name.partition(':')[0]}" for name, count in found.errors) or "0"


def _fault_row(name: str, trials: tuple[Trial, ...]) -> str:
    kept = sum(not trial.problems for trial in trials)
    gone_s = [trial.gone_s for trial in trials if trial.gone_s is not None]
    longest = f"{max(gone_s):.1f} s" if gone_s else ""
    counted = Counter(problem for trial in trials for problem in trial.problems)
    listed = "; ".join(f"{count} x {_short(problem)}" for problem, count in counted.most_common(3))
    return f"| {name} | {len(trials)} | {kept} | {longest} | {listed} |\n"


def _short(problem: str) -> str:
    line = " ".join(problem.split()).replace("|", "/")
    return line if len(line) <= _LONGEST_PROBLEM else f"… {line[-_LONGEST_PROBLEM:]}"
