"""What a proof hands to a report."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from alembic_proof.finding import Finding
from alembic_proof.history.fault import describe
from alembic_proof.proofs import Step


@dataclass(frozen=True, slots=True)
class Outcome:
    """The proof's name, what it did, and what it found."""

    proof: str
    steps: tuple[Step, ...]
    findings: tuple[Finding, ...]

    def of_path(self, path: str) -> tuple[Finding, ...]:
        """The findings in one file."""
        return tuple(f for f in self.findings if f.location and f.location.path == path)


@contextmanager
def shown_on_error(
    show: Callable[[tuple[Finding, ...]], object], *, is_always: bool = False
) -> Iterator[list[Finding]]:
    """Yield a list for findings; where an error ends the block, show them before it passes on.

    :param is_always: show the error as the one finding where there are none: a program reads it.
    """
    found: list[Finding] = []
    try:
        yield found
    except BaseException as error:
        if found or is_always:
            show(tuple(found) or (_stopped(error),))
        raise


def _stopped(error: BaseException) -> Finding:
    said = describe(error)
    return Finding(rule="proof-stopped", message=f"the proof ended before its end: {said}")
