"""How a command that proves something tells of it: the steps, the report, the exit code."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from importlib.util import find_spec

from alembic_proof.cli.terminal import descriptor_aside, is_lively, note, results_alone, say
from alembic_proof.finding import Finding, has_failed
from alembic_proof.proofs import Step, Tell
from alembic_proof.report import Outcome, formats
from alembic_proof.report.outcome import shown_on_error
from alembic_proof.report.text import step_text

_DOCUMENTS = frozenset({"json", "junit", "sarif"})
"""The formats of which an empty text is none."""


@dataclass(frozen=True, slots=True)
class Audience:
    """Who is told of a proof while it runs."""

    tell: Tell
    expect: Callable[[Sequence[str]], None]
    """Is told the names of the steps that are to come, as soon as they are known."""
    keep: Callable[[tuple[Finding, ...]], None]
    """Is given what was found so far where an error ends the proof: that is printed as well."""


Prove = Callable[[Audience], tuple[Finding, ...]]


def add_format(parser: argparse.ArgumentParser) -> None:
    """Let `--format` choose how the outcome is written."""
    parser.add_argument(
        "--format",
        choices=tuple(formats()),
        default="text",
        help="how to write what was found (default: text; on a terminal with progress and a table)",
    )


def conclude(format_: str, proof: str, prove: Prove) -> int:
    """The exit code of a proof whose outcome is printed; 1 where it found more than notes.

    A terminal shows how many of the expected steps are done. Only the text tells of the steps on
    standard output: the other formats must be one document.
    """
    if format_ == "text" and _has_rich() and is_lively(sys.stdout, os.environ):
        # Who looks at a terminal waits for it; nobody else has to.
        from alembic_proof.cli.live import prove_live

        outcome = prove_live(proof, lambda tell, expect, keep: prove(Audience(tell, expect, keep)))
    else:
        outcome = _prove_plainly(format_, proof, prove)
    return 1 if has_failed(outcome.findings) else 0


def _has_rich() -> bool:
    """Whether a bar and a table can be drawn: rich comes with the extra `dev` alone."""
    return find_spec("rich") is not None


def _prove_plainly(format_: str, proof: str, prove: Prove) -> Outcome:
    steps: list[Step] = []

    def show(findings: tuple[Finding, ...]) -> Outcome:
        outcome = Outcome(proof, tuple(steps), findings)
        say(formats()[format_](outcome))
        return outcome

    is_text = format_ == "text"
    with (
        shown_on_error(show, is_always=format_ in _DOCUMENTS) as found,
        nullcontext() if is_text else descriptor_aside(),
        results_alone() as tell_result,
    ):
        show_step = tell_result if is_text else note

        def tell(step: Step) -> None:
            steps.append(step)
            show_step(step_text(step))

        findings = prove(Audience(tell, expect=lambda _: None, keep=found.extend))
    return show(findings)
