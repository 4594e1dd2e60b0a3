"""The report of a proof: its name, its steps and its findings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from alembic_proof.finding import Finding, TimedStep


@dataclass(frozen=True, slots=True)
class Report:
    """The result of one proof, which every format renders."""

    proof: str
    steps: tuple[TimedStep, ...]
    findings: tuple[Finding, ...]
    is_verbose: bool = False
    """Whether the text lists every step; by default only those that failed."""

    @property
    def shown(self) -> tuple[Finding, ...]:
        """The findings that text, Markdown and annotations print."""
        return tuple(finding for finding in self.findings if not finding.is_hidden)

    def of_path(self, path: str) -> tuple[Finding, ...]:
        """Return the findings in one file."""
        return tuple(f for f in self.findings if f.location and f.location.path == path)

    def of_step(self, step: TimedStep) -> tuple[Finding, ...]:
        """Return the findings in the revision file of the step; none where it has no file."""
        return self.of_path(step.path) if step.path else ()


@contextmanager
def shown_on_error(
    show: Callable[[tuple[Finding, ...]], object], *, is_always: bool = False
) -> Iterator[list[Finding]]:
    """Yield a list for findings; if an error ends the block, show them before the error is raised.

    :param is_always: show the error as the only finding if there are none, for a format that
        another program reads.
    """
    found: list[Finding] = []
    try:
        yield found
    except BaseException as error:
        if found or is_always:
            show(tuple(found) or (_stopped(error),))
        raise


def _stopped(error: BaseException) -> Finding:
    from alembic_deploy.python_errors import describe  # imports SQLAlchemy

    return Finding(id="proof-stopped", message=f"an error ended the proof: {describe(error)}")
