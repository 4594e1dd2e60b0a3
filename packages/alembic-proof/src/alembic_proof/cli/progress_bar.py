"""A proof on a terminal: a progress bar while it runs, then its report in colour."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TimeElapsedColumn,
)
from rich.table import Column
from rich.text import Text

from alembic_proof.finding import Finding, StepListener, TimedStep
from alembic_proof.report import Report
from alembic_proof.report.report import shown_on_error
from alembic_proof.report.text import report_segments

_BAR_WIDTH = 20
Expect = Callable[[Sequence[str]], None]


def prove_with_bar(
    proof: str,
    prove: Callable[
        [StepListener, Expect, Callable[[tuple[Finding, ...]], None]], tuple[Finding, ...]
    ],
    *,
    is_verbose: bool,
) -> Report:
    """Run the proof, print its report and return it; restore the terminal however the proof ends.

    :param prove: takes the functions to call with each step, with the names of the steps to come,
        and with the findings so far if an error ends the proof: they are printed before it is raised.
    """
    # A stream of its own: the project may replace sys.stdout while it runs.
    console = Console(file=sys.stdout, highlight=False, markup=False, emoji=False)
    steps: list[TimedStep] = []

    def show(findings: tuple[Finding, ...]) -> Report:
        report = Report(proof, tuple(steps), findings, is_verbose=is_verbose)
        console.print(Text.assemble(*report_segments(report)), soft_wrap=True)
        return report

    with shown_on_error(show) as found, _bar(console) as progress:
        on_step, expect = _listeners(progress, proof, steps)
        findings = prove(on_step, expect, found.extend)
    return show(findings)


def _listeners(
    progress: Progress, proof: str, steps: list[TimedStep]
) -> tuple[StepListener, Expect]:
    """Return the functions that advance the bar with each step, added to `steps`, and that plan it."""
    plan: list[str] = []
    task = progress.add_task("", total=None, current=proof)

    def on_step(step: TimedStep) -> None:
        steps.append(step)
        done = _done(plan, step, before=int(progress.tasks[task].completed))
        progress.update(task, completed=done, current=_name_at(plan, done))

    def expect(names: Sequence[str]) -> None:
        plan[:] = names
        progress.update(task, total=len(plan) or None, current=_name_at(plan, 0) or proof)

    return on_step, expect


def _bar(console: Console) -> Progress:
    """Return a bar with the steps done of all, the time, and the current step, cut to fit."""
    fixed = [Column(no_wrap=True, width=width) for width in (1, _BAR_WIDTH, 9, 7)]
    return Progress(
        SpinnerColumn(table_column=fixed[0]),
        BarColumn(bar_width=_BAR_WIDTH, table_column=fixed[1]),
        MofNCompleteColumn(table_column=fixed[2]),
        TimeElapsedColumn(table_column=fixed[3]),
        _StepColumn(),
        console=console,
        transient=True,
        redirect_stderr=sys.stderr.isatty(),
    )


class _StepColumn(ProgressColumn):
    """The name of the current step."""

    def render(self, task: Task) -> Text:
        """Return the name on one line, whatever its width."""
        return Text(task.fields["current"], no_wrap=True, overflow="ellipsis")


def _name_at(plan: Sequence[str], index: int) -> str:
    return plan[index] if index < len(plan) else ""


def _done(plan: Sequence[str], step: TimedStep, *, before: int) -> int:
    """Return how many steps of the plan are done with this one; a failed one is not reported."""
    for index in range(before, len(plan)):
        if step.name.startswith(plan[index]):
            return index + 1
    return min(before + 1, len(plan)) if plan else before + 1
