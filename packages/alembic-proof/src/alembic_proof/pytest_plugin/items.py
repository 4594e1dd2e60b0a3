"""The items: each asks for the one run of its proof and reports what is its own."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pytest

from alembic_proof.finding import Finding
from alembic_proof.proofs.roundtrip.direction import Direction
from alembic_proof.pytest_plugin.outcome import Outcome, outcome_of, sorted_by_weight, unclaimed
from alembic_proof.pytest_plugin.result import Result
from alembic_proof.pytest_plugin.session import proofs_of
from alembic_proof.report.text import finding_text


class ProofItem(pytest.Item):
    """A test that is part of a proof and reports its own findings."""

    def __init__(self, **rest: Any) -> None:
        super().__init__(**rest)
        if self.config.pluginmanager.hasplugin("xdist"):
            # With --dist=loadgroup no worker has to wait for another one's proof.
            self.add_marker(pytest.mark.xdist_group("alembic-proof"))

    @abstractmethod
    def result(self) -> Result:
        """The result of the whole proof, which runs if it has not."""

    @abstractmethod
    def outcome(self, findings: tuple[Finding, ...]) -> Outcome:
        """What of it is this item's."""

    def setup(self) -> None:
        """Ensure that the proof has run; what is broken is one item's error and skips the others."""
        result = self.result()
        if not result.broken:
            return
        if proofs_of(self.config).is_news(result):
            pytest.fail(result.broken, pytrace=False)
        pytest.skip("the proof could not run, as the error of another item says")

    def runtest(self) -> None:
        """Report the findings; notes alone do not fail."""
        outcome = self.outcome(self.result().findings)
        if outcome.notes:
            self.add_report_section("call", "notes", _text(outcome.notes))
        if outcome.failures:
            pytest.fail(_text(outcome.failures), pytrace=False)
        if outcome.not_proved:
            pytest.skip(outcome.not_proved)

    def reportinfo(self) -> tuple[Any, int, str]:
        """The file that it is about, and its name in a headline."""
        return self.path, 0, self.nodeid


class DirectionItem(ProofItem):
    """One revision in one direction."""

    def __init__(self, *, revision_id: str, direction: Direction, **rest: Any) -> None:
        super().__init__(**rest)
        self.revision_id = revision_id
        self.direction = direction

    def result(self) -> Result:
        """The round trip of every revision that has an item in this session."""
        return _roundtrip(self)

    def outcome(self, findings: tuple[Finding, ...]) -> Outcome:
        """The findings about this revision in this direction; the last one's also all others'."""
        own = outcome_of(findings, revision_id=self.revision_id, direction=self.direction)
        if self is not _claims(self.session).bearer:
            return own
        others = sorted_by_weight(unclaimed(findings, _claims(self.session).revisions))
        return Outcome(
            failures=(*own.failures, *others.failures),
            notes=(*own.notes, *others.notes),
            not_proved=own.not_proved,
        )


class HistoryItem(ProofItem):
    """What the round trip finds and no revision's item reports."""

    def result(self) -> Result:
        """The round trip of every revision that has an item in this session, else of every one."""
        return _roundtrip(self)

    def outcome(self, findings: tuple[Finding, ...]) -> Outcome:
        """The findings about no revision, or about one that has no item here."""
        return sorted_by_weight(unclaimed(findings, _claims(self.session).revisions))


class ParityItem(ProofItem):
    """Models and history build the same database."""

    def result(self) -> Result:
        """Parity."""
        return proofs_of(self.config).parity()

    def outcome(self, findings: tuple[Finding, ...]) -> Outcome:
        """All that they disagree on."""
        return sorted_by_weight(findings)


def _roundtrip(item: ProofItem) -> Result:
    return proofs_of(item.config).roundtrip(_claims(item.session).revisions or None)


@dataclass(frozen=True, slots=True)
class _Claims:
    """What the items of a session report of the round trip."""

    revisions: frozenset[str]
    """Those that have an item."""
    bearer: pytest.Item | None
    """The item that reports what none of them does: `history`, else the last direction."""


_CLAIMS = pytest.StashKey[_Claims]()


def _claims(session: pytest.Session) -> _Claims:
    """The claims of the items that are left when all are collected."""
    if _CLAIMS not in session.stash:
        directions = [item for item in session.items if isinstance(item, DirectionItem)]
        history = [item for item in session.items if isinstance(item, HistoryItem)]
        session.stash[_CLAIMS] = _Claims(
            revisions=frozenset(item.revision_id for item in directions),
            bearer=next(iter([*history, *reversed(directions)]), None),
        )
    return session.stash[_CLAIMS]


def _text(findings: Iterable[Finding]) -> str:
    return "\n".join(finding_text(finding) for finding in findings)
