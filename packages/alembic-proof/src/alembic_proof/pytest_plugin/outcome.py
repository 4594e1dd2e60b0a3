"""What a proof found, sorted by the items that report it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from alembic_proof.finding import Finding, Severity
from alembic_proof.proofs.roundtrip.direction import DIRECTIONS, Direction, comes_after

_ENDS_THE_TURN = frozenset(
    {"revision-fails", "downgrade-refuses", "irreversible", "not-proved", "skipped"}
)
"""Rules of what keeps a revision from being taken any further."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one item says; a reason to skip it stands where it was not proved."""

    failures: tuple[Finding, ...] = ()
    notes: tuple[Finding, ...] = ()
    not_proved: str = ""


def outcome_of(findings: Iterable[Finding], *, revision_id: str, direction: Direction) -> Outcome:
    """The outcome of one revision in one direction, from the findings of the whole round trip.

    What is about no direction is told where the revision comes first.
    """
    findings = tuple(findings)
    own = [finding for finding in findings if finding.revision == revision_id]
    outcome = sorted_by_weight(one for one in own if _direction_of(one) == direction)
    ended = next((finding for finding in own if finding.rule in _ENDS_THE_TURN), None)
    before = next((one for one in findings if revision_id in one.others), None)
    if before is not None:
        reason = f"{revision_id}: not proved: it needs {before.revision}, whose upgrade fails"
        return Outcome(notes=outcome.notes, not_proved=reason)
    if ended is None or outcome.failures or not _is_unproved(direction, ended):
        return outcome
    return Outcome(notes=outcome.notes, not_proved=ended.message.splitlines()[0])


def unclaimed(findings: Iterable[Finding], revision_ids: Collection[str]) -> tuple[Finding, ...]:
    """The findings about none of these revisions: about another one, or the history as a whole."""
    return tuple(one for one in findings if one.revision not in revision_ids)


def sorted_by_weight(findings: Iterable[Finding]) -> Outcome:
    """Failures and notes, each in their order."""
    found = tuple(findings)
    return Outcome(
        failures=tuple(one for one in found if one.severity is not Severity.NOTE),
        notes=tuple(one for one in found if one.severity is Severity.NOTE),
    )


def _is_unproved(direction: Direction, ended: Finding) -> bool:
    """Whether the direction comes behind the one that ended the turn, or is one that was let off."""
    end = _direction_of(ended)
    is_let_off = direction == end and ended.severity is Severity.NOTE
    return is_let_off or comes_after(direction, end)


def _direction_of(finding: Finding) -> Direction:
    return next((one for one in DIRECTIONS if one == finding.direction), "upgrade")
