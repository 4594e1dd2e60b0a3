"""How a command that proves something tells of it: the steps, the report, the exit code."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from alembic_proof.cli.terminal import note, say
from alembic_proof.finding import Finding, has_failed
from alembic_proof.proofs import Step, Tell
from alembic_proof.report import Outcome, formats
from alembic_proof.report.text import step_text


def add_format(parser: argparse.ArgumentParser) -> None:
    """Let `--format` choose how the outcome is written."""
    parser.add_argument(
        "--format", choices=tuple(formats()), default="text", help="how to write what was found"
    )


def conclude(format_: str, proof: str, prove: Callable[[Tell], tuple[Finding, ...]]) -> int:
    """The exit code of a proof whose outcome is printed; 1 where it found more than notes.

    Only the text tells of the steps on standard output: the others must be one document.
    """
    steps: list[Step] = []
    show = say if format_ == "text" else note

    def tell(step: Step) -> None:
        steps.append(step)
        show(step_text(step))

    findings = prove(tell)
    say(formats()[format_](Outcome(proof, tuple(steps), findings)))
    return 1 if has_failed(findings) else 0
