"""An outcome for a terminal: a table of its steps, and its findings below in colour."""

from __future__ import annotations

from rich import box
from rich.cells import cell_len
from rich.console import Group, JustifyMethod
from rich.table import Table
from rich.text import Text

from alembic_proof.finding import Finding, Severity
from alembic_proof.proofs import Step
from alembic_proof.report.outcome import Outcome
from alembic_proof.report.text import finding_text, summary_text

_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}
_CLEAN = "green"
_WHOLE = "time"


def steps_table(outcome: Outcome) -> Table:
    """A row for each step: its name, its times, and how much was found in its file.

    Where it is too wide, the names are cut and nothing else.
    """
    parts = tuple(dict.fromkeys(part for step in outcome.steps for part, _ in _times(step)))
    has_files = any(step.path for step in outcome.steps)
    head = ("revision" if has_files else "step", *parts, *(("findings",) if has_files else ()))
    rows = [_row(outcome, step, parts=parts, has_files=has_files) for step in outcome.steps]
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column(Text(head[0], no_wrap=True))
    for place, name in enumerate(head[1:], start=1):
        width = max(cell_len(name), *(row[place].cell_len for row in rows))
        justify: JustifyMethod = "right" if place <= len(parts) else "left"
        table.add_column(name, width=width, no_wrap=True, justify=justify)
    for row in rows:
        table.add_row(*row)
    return table


def findings_lines(outcome: Outcome) -> Group:
    """The findings in their order, and the line that sums them up; to be printed unwrapped."""
    last = Text(f"{outcome.proof}: {summary_text(outcome.findings)}", _style(outcome.findings))
    return Group(*(_coloured(one) for one in outcome.findings if not one.is_hidden), last)


def _row(
    outcome: Outcome, step: Step, *, parts: tuple[str, ...], has_files: bool
) -> tuple[Text, ...]:
    times = dict(_times(step))
    cells = [Text(f"{times[part]:.3f} s" if part in times else "") for part in parts]
    if has_files:
        found = outcome.of_path(step.path) if step.path else ()
        found = tuple(one for one in found if not one.is_hidden)
        cells.append(Text(summary_text(found) if found else "-", _style(found)))
    return (Text(step.name, no_wrap=True, overflow="ellipsis"), *cells)


def _times(step: Step) -> tuple[tuple[str, float], ...]:
    return step.parts or ((_WHOLE, step.elapsed_s),)


def _style(findings: tuple[Finding, ...]) -> str:
    """The worst of them gives the colour."""
    severities = {finding.severity for finding in findings}
    return next((_STYLES[one] for one in Severity if one in severities), _CLEAN)


def _coloured(finding: Finding) -> Text:
    text = Text(finding_text(finding))
    text.highlight_regex(rf"(?<=\b){finding.severity.value}(?=: )", _STYLES[finding.severity])
    return text
