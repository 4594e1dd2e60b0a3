"""A proof on a terminal: a progress bar while it runs, then its steps as a table."""

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

from alembic_proof.finding import Finding
from alembic_proof.proofs import Step, Tell
from alembic_proof.report import Outcome
from alembic_proof.report.outcome import shown_on_error
from alembic_proof.report.table import findings_lines, steps_table

_BAR_WIDTH = 20
Expect = Callable[[Sequence[str]], None]


def prove_live(
    proof: str,
    prove: Callable[[Tell, Expect, Callable[[tuple[Finding, ...]], None]], tuple[Finding, ...]],
) -> Outcome:
    """Print the outcome and return it; remove the bar and show the cursor however the proof ends.

    `prove` is given what to call with each step, with the steps to come, and with what was found
    where an error ends the proof: that is printed before the error passes through.
    """
    # A stream of its own: what runs meanwhile may put another one in the place of standard output.
    console = Console(file=sys.stdout, highlight=False, markup=False, emoji=False)
    steps: list[Step] = []

    def show(findings: tuple[Finding, ...]) -> Outcome:
        outcome = Outcome(proof, tuple(steps), findings)
        _print(console, outcome)
        return outcome

    with shown_on_error(show) as found, _bar(console) as progress:
        tell, expect = _listeners(progress, proof, steps)
        findings = prove(tell, expect, found.extend)
    return show(findings)


def _listeners(progress: Progress, proof: str, steps: list[Step]) -> tuple[Tell, Expect]:
    """Return what moves the bar on with each step, which is added to `steps`, and what plans it."""
    plan: list[str] = []
    task = progress.add_task("", total=None, current=proof)

    def tell(step: Step) -> None:
        steps.append(step)
        done = _done(plan, step, before=int(progress.tasks[task].completed))
        progress.update(task, completed=done, current=_at(plan, done))

    def expect(names: Sequence[str]) -> None:
        plan[:] = names
        progress.update(task, total=len(plan) or None, current=_at(plan, 0) or proof)

    return tell, expect


def _print(console: Console, outcome: Outcome) -> None:
    if outcome.steps:
        console.print(steps_table(outcome))
    console.print(findings_lines(outcome), soft_wrap=True)


def _bar(console: Console) -> Progress:
    """Steps done of all, how long it has taken, and the step that runs, cut where it must be."""
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
    """The name of the step that runs."""

    def render(self, task: Task) -> Text:
        """One line, whatever its width."""
        return Text(task.fields["current"], no_wrap=True, overflow="ellipsis")


def _at(plan: Sequence[str], place: int) -> str:
    return plan[place] if place < len(plan) else ""


def _done(plan: Sequence[str], step: Step, *, before: int) -> int:
    """How many steps of the plan are done with this one: what failed on the way is not told."""
    for place in range(before, len(plan)):
        if step.name.startswith(plan[place]):
            return place + 1
    return min(before + 1, len(plan)) if plan else before + 1
