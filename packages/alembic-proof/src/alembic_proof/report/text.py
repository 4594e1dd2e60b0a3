"""A report as text: a block for each finding, then one line of summary.

A block has the same order in every format: where, severity and id; the sentence; the objects or
values; what PostgreSQL said, with the statement; what to do::

    versions/0002_email.py:14: error: fails-on-permitted-rows
      0002: its upgrade fails on rows
        users (id=1, email=NULL)
      PostgreSQL: column "email" of relation "users" contains null values (SQLSTATE 23502)
      statement: ALTER TABLE users ALTER COLUMN email SET NOT NULL
      help: UPDATE the rows that hold NULL before SET NOT NULL
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from alembic_proof.finding import Finding, Severity, TimedStep, has_failed
from alembic_proof.report.explain import general_help
from alembic_proof.report.report import Report

Segment = tuple[str, str]
"""A piece of text and its style, in the names of `rich`; an empty style is the terminal's own."""

_MOST_DETAILS = 3
_NAME_WIDTH = 56
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}
_CLEAN = "green"


def report_text(report: Report) -> str:
    """Return the report as plain text, without colours."""
    return "".join(text for text, _ in report_segments(report))


def report_segments(report: Report) -> Iterator[Segment]:
    """Yield the report in pieces: the steps, the findings, the summary.

    Steps are listed if the report is verbose, else only the revisions that failed.
    """
    for step in report.steps:
        is_failed = has_failed(report.of_step(step))
        if is_failed or report.is_verbose:
            yield ("✗ ", _STYLES[Severity.ERROR]) if is_failed else ("✓ ", _CLEAN)
            yield f"{step_text(step)}\n", ""
    for finding, help_ in _with_help(report.shown):
        yield from _block(finding, help_)
        yield "\n", ""
    style = next((_STYLES[one.severity] for one in _by_severity(report.shown)), _CLEAN)
    yield f"{report.proof}: {summary_text(report.findings)}", style
    yield _extent(report.steps), ""


def findings_text(findings: Iterable[Finding]) -> str:
    """Return the blocks of the findings."""
    return "\n".join(
        "".join(text for text, _ in _block(finding, help_))
        for finding, help_ in _with_help(findings)
    )


def body_lines(finding: Finding, *, help_: str | None = None) -> Iterator[str]:
    """Yield the lines of a block below its first one, without control characters.

    :param help_: what to do; by default the finding's own help.
    """
    sentence, *more = finding.message.splitlines() or [""]
    shown = finding.details[:_MOST_DETAILS]
    hidden = len(finding.details) - len(shown)
    lines = [sentence, *(f"  {line.removeprefix('  ')}" for line in (*more, *shown))]
    lines += [f"  and {hidden} more"] if hidden else []
    labelled = {
        "PostgreSQL": finding.postgres,
        "statement": finding.statement,
        "help": finding.help if help_ is None else help_,
    }
    lines += [f"{label}: {text}" for label, text in labelled.items() if text]
    for line in lines:
        yield from printable(line).split("\n")


def printable(text: str) -> str:
    """Return the text with control characters escaped: a name may contain a terminal's commands."""
    return _CONTROL.sub(lambda found: ascii(found[0])[1:-1], text)


def step_text(step: TimedStep) -> str:
    """Return `upgrade to head            1.234 s`; the times of its parts where it has parts."""
    if step.parts:
        times = "  ".join(f"{name} {elapsed_s:.3f} s" for name, elapsed_s in step.parts)
        return f"{printable(_shortened(step.name)):<{_NAME_WIDTH}}  {times}"
    return f"{printable(step.name):<28} {step.elapsed_s:8.3f} s"


def summary_text(findings: Iterable[Finding]) -> str:
    """Return `2 errors, 1 note`, or `no findings`, and how many notes are hidden."""
    found = tuple(findings)
    counts = Counter(finding.severity for finding in found if not finding.is_hidden)
    parts = [counted(counts[severity], severity.value) for severity in Severity if counts[severity]]
    hidden = sum(finding.is_hidden for finding in found)
    more = f"; {counted(hidden, 'note')} hidden (-v shows {'it' if hidden == 1 else 'them'})"
    return (", ".join(parts) or "no findings") + (more if hidden else "")


def counted(number: int, noun: str) -> str:
    """Return `1 error`, `2 errors`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _with_help(findings: Iterable[Finding]) -> Iterator[tuple[Finding, str]]:
    """Yield each finding with what to do: its own help, else the table's at the first of its id."""
    explained: set[str] = set()
    for finding in findings:
        help_ = finding.help
        if not help_ and finding.severity is not Severity.NOTE and finding.id not in explained:
            explained.add(finding.id)
            help_ = general_help(finding.id)
        yield finding, help_


def _block(finding: Finding, help_: str) -> Iterator[Segment]:
    """Yield one finding's block, without a line break at its end."""
    if finding.location:
        yield printable(f"{finding.location}: "), ""
    yield finding.severity.value, _STYLES[finding.severity]
    yield f": {finding.id}", "bold"
    for line in body_lines(finding, help_=help_):
        yield f"\n  {line}", ""


def _by_severity(findings: Iterable[Finding]) -> list[Finding]:
    order = tuple(Severity)
    return sorted(findings, key=lambda finding: order.index(finding.severity))


def _extent(steps: tuple[TimedStep, ...]) -> str:
    """Return how many revisions the proof took and how long; empty where the steps are none."""
    revisions = sum(bool(step.path) for step in steps)
    if not revisions:
        return ""
    elapsed_s = sum(step.elapsed_s for step in steps)
    return f" ({counted(revisions, 'revision')}, {elapsed_s:.1f} s)"


def _shortened(name: str) -> str:
    """Return the name, or its beginning where it is too long for the column of the times."""
    return name if len(name) <= _NAME_WIDTH else f"{name[: _NAME_WIDTH - 2]} …"
