"""The items: every revision's three directions, `history` and `parity`, and their outcomes.

Collecting them migrates nothing. Each item asks the session for its proof and reports the findings
that belong to it.
"""

from __future__ import annotations

import os
import re
from abc import abstractmethod
from collections.abc import Collection, Generator, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Self

import pytest
from alembic.util import CommandError

from alembic_deploy.errors import DeployError, HistoryError
from alembic_deploy.new_revision import slug_of
from alembic_proof.finding import Finding, Severity
from alembic_proof.history.alembic_config import alembic_config
from alembic_proof.history.project import Project
from alembic_proof.history.revisions import ChainRevision, load_history, read_chain
from alembic_proof.proofs.roundtrip.observation import DIRECTIONS, Direction, comes_after
from alembic_proof.pytest_plugin.options import ROOT, is_below, requested_node_ids
from alembic_proof.pytest_plugin.session import (
    ProofResult,
    open_project,
    proofs_of,
    restored_process_state,
)
from alembic_proof.report.text import findings_text
from alembic_proof.scratch import history_databases, load_scratch_history, scratch_server_url

_UNFIT = re.compile(r"[^\w.+-]+")
"""Characters that a node id cannot hold: pytest cuts it at `::` and `[`."""
_ENDS_THE_CYCLE = frozenset(
    {"revision-fails", "downgrade-refuses", "irreversible", "not-proved", "skipped"}
)
"""Ids of findings after which a revision's remaining directions are not run."""


class HistoryCollector(pytest.Collector):
    """The root of all proofs: a collector per revision, and the items `history` and `parity`."""

    @classmethod
    def of(cls, session: pytest.Session) -> Self:
        """Return the collector of the session's project."""
        session.config.pluginmanager.register(_SkipLocations())
        return cls.from_parent(session, name=ROOT, nodeid=ROOT, path=session.config.rootpath)

    def collect(self) -> list[pytest.Item | pytest.Collector]:
        """Return the requested nodes, in the order of the history."""
        try:
            project = open_project(self.config)
            with restored_process_state():
                chain = _read_chain(project)
        except (DeployError, CommandError) as error:
            raise self.CollectError(str(error)) from error
        file = project.file
        nodes: list[pytest.Item | pytest.Collector] = [
            RevisionCollector.from_parent(self, name=node_name(one), path=one.path, revision=one)
            for one in chain
        ]
        nodes.append(HistoryItem.from_parent(self, name="history", path=file))
        nodes.append(ParityItem.from_parent(self, name="parity", path=file))
        return self._requested(nodes)

    def _requested(
        self, nodes: list[pytest.Item | pytest.Collector]
    ) -> list[pytest.Item | pytest.Collector]:
        requested = requested_node_ids(self.config)
        known = [self.nodeid, *(inner for node in nodes for inner in _ids_of(node))]
        if unknown := [one for one in requested if one not in known]:
            raise self.CollectError(f"not found: {', '.join(unknown)}")
        if not requested:
            return nodes
        return [
            node
            for node in nodes
            if any(is_below(node.nodeid, one) or is_below(one, node.nodeid) for one in requested)
        ]


class RevisionCollector(pytest.Collector):
    """The three directions of one revision."""

    def __init__(self, *, revision: ChainRevision, **rest: Any) -> None:
        super().__init__(**rest)
        self.revision = revision
        # `-k` finds the whole id, also where the node's name has it in another form.
        self.extra_keyword_matches.add(revision.revision_id)

    def collect(self) -> list[pytest.Item | pytest.Collector]:
        """Return the requested directions."""
        revision_id = self.revision.revision_id
        items = [
            DirectionItem.from_parent(
                self, name=_item_name(direction), revision_id=revision_id, direction=direction
            )
            for direction in DIRECTIONS
        ]
        requested = requested_node_ids(self.config)
        return [
            item
            for item in items
            if not requested or any(is_below(item.nodeid, one) for one in requested)
        ]


def node_name(revision: ChainRevision) -> str:
    """Return the file's name if it begins with the revision's id, else the id and the title."""
    stem = revision.path.stem
    if stem.startswith(revision.revision_id):
        return _UNFIT.sub("_", stem)
    return f"{_UNFIT.sub('_', revision.revision_id)}_{slug_of(revision.title)}"


def _read_chain(project: Project) -> tuple[ChainRevision, ...]:
    """Read the history without a database, unless its imports work only once env.py has run."""
    try:
        return read_chain(load_history(alembic_config(project)))
    except HistoryError as error:
        if not isinstance(error.__cause__, ImportError):
            raise
    server_url = scratch_server_url(project, os.environ)
    with history_databases(project, server_url, label="pytest collection") as open_database:
        script, _ = load_scratch_history(project, open_database)
        return read_chain(script)


def _ids_of(node: pytest.Item | pytest.Collector) -> Iterator[str]:
    yield node.nodeid
    if isinstance(node, RevisionCollector):
        yield from (f"{node.nodeid}::{_item_name(direction)}" for direction in DIRECTIONS)


def _item_name(direction: Direction) -> str:
    return direction.replace(" ", "-")


@dataclass(frozen=True, slots=True)
class ItemOutcome:
    """The findings that one item reports."""

    failures: tuple[Finding, ...] = ()
    notes: tuple[Finding, ...] = ()
    skip_reason: str = ""
    """Why the item was not proved; empty if it was."""


def direction_outcome(
    findings: Iterable[Finding], *, revision_id: str, direction: Direction
) -> ItemOutcome:
    """Return the outcome of one revision in one direction, from the findings of the round trip.

    A finding without a direction belongs to the upgrade.
    """
    findings = tuple(findings)
    own = [finding for finding in findings if finding.revision == revision_id]
    outcome = by_severity(one for one in own if _direction_of(one) == direction)
    blocking = next((one for one in findings if revision_id in one.others), None)
    if blocking is not None:
        reason = f"{revision_id}: not proved: it needs {blocking.revision}, whose upgrade fails"
        return ItemOutcome(notes=outcome.notes, skip_reason=reason)
    end = next((finding for finding in own if finding.id in _ENDS_THE_CYCLE), None)
    if end is None or outcome.failures or not _is_unproved(direction, end):
        return outcome
    return ItemOutcome(notes=outcome.notes, skip_reason=end.message.splitlines()[0])


def unclaimed(findings: Iterable[Finding], revision_ids: Collection[str]) -> tuple[Finding, ...]:
    """Return the findings about none of these revisions, or about the whole history."""
    return tuple(one for one in findings if one.revision not in revision_ids)


def by_severity(findings: Iterable[Finding]) -> ItemOutcome:
    """Return the findings as failures and notes, in their order."""
    found = tuple(findings)
    return ItemOutcome(
        failures=tuple(one for one in found if one.severity is not Severity.NOTE),
        notes=tuple(one for one in found if one.severity is Severity.NOTE),
    )


def _is_unproved(direction: Direction, end: Finding) -> bool:
    """Return whether the direction was not run: it comes after the end, or a note excuses it."""
    last = _direction_of(end)
    is_excused = direction == last and end.severity is Severity.NOTE
    return is_excused or comes_after(direction, last)


def _direction_of(finding: Finding) -> Direction:
    return next((one for one in DIRECTIONS if one == finding.direction), "upgrade")


class ProofItem(pytest.Item):
    """A test that is part of a proof and reports its own findings."""

    def __init__(self, **rest: Any) -> None:
        super().__init__(**rest)
        if self.config.pluginmanager.hasplugin("xdist"):
            # With --dist=loadgroup no worker has to wait for another one's proof.
            self.add_marker(pytest.mark.xdist_group("alembic-proof"))

    @abstractmethod
    def result(self) -> ProofResult:
        """Return the result of the whole proof; the first call runs it."""

    @abstractmethod
    def outcome(self, findings: tuple[Finding, ...]) -> ItemOutcome:
        """Return this item's part of the findings."""

    def setup(self) -> None:
        """Run the proof; a setup error is the error of one item and skips all others."""
        result = self.result()
        if not result.error:
            return
        if proofs_of(self.config).claim_error(result):
            pytest.fail(result.error, pytrace=False)
        pytest.skip("the proof could not run: see the error of another item")

    def runtest(self) -> None:
        """Report the findings; notes alone do not fail."""
        outcome = self.outcome(self.result().findings)
        if outcome.notes:
            self.add_report_section("call", "notes", findings_text(outcome.notes))
        if outcome.failures:
            pytest.fail(findings_text(outcome.failures), pytrace=False)
        if outcome.skip_reason:
            pytest.skip(outcome.skip_reason)

    def reportinfo(self) -> tuple[Any, int, str]:
        """Return the file, the line, and the name for a headline."""
        return self.path, 0, self.nodeid


class DirectionItem(ProofItem):
    """One revision in one direction."""

    def __init__(self, *, revision_id: str, direction: Direction, **rest: Any) -> None:
        super().__init__(**rest)
        self.revision_id = revision_id
        self.direction = direction

    def result(self) -> ProofResult:
        """Return the round trip of every revision that has an item in this session."""
        return _roundtrip(self)

    def outcome(self, findings: tuple[Finding, ...]) -> ItemOutcome:
        """Return this direction's findings, and the unclaimed ones if this item reports those."""
        own = direction_outcome(findings, revision_id=self.revision_id, direction=self.direction)
        claims = _claims(self.session)
        if self is not claims.reporter:
            return own
        others = by_severity(unclaimed(findings, claims.revisions))
        return ItemOutcome(
            failures=(*own.failures, *others.failures),
            notes=(*own.notes, *others.notes),
            skip_reason=own.skip_reason,
        )


class HistoryItem(ProofItem):
    """The findings of the round trip that no revision's item reports."""

    def result(self) -> ProofResult:
        """Return the round trip of every revision that has an item, or of all if none has."""
        return _roundtrip(self)

    def outcome(self, findings: tuple[Finding, ...]) -> ItemOutcome:
        """Return the findings about no revision, or about one that has no item in this run."""
        return by_severity(unclaimed(findings, _claims(self.session).revisions))


class ParityItem(ProofItem):
    """The proof that the models and the history build the same database."""

    def result(self) -> ProofResult:
        """Return the result of parity."""
        return proofs_of(self.config).parity()

    def outcome(self, findings: tuple[Finding, ...]) -> ItemOutcome:
        """Return all differences."""
        return by_severity(findings)


def _roundtrip(item: ProofItem) -> ProofResult:
    return proofs_of(item.config).roundtrip(_claims(item.session).revisions or None)


@dataclass(frozen=True, slots=True)
class _Claims:
    """Which items of a session report which findings of the round trip."""

    revisions: frozenset[str]
    """The revisions that have an item."""
    reporter: pytest.Item | None
    """The item that reports the unclaimed findings: `history`, else the last direction."""


_CLAIMS = pytest.StashKey[_Claims]()


def _claims(session: pytest.Session) -> _Claims:
    """Return the claims of the items that are left after the selection by `-k` and `--deselect`."""
    if _CLAIMS not in session.stash:
        directions = [item for item in session.items if isinstance(item, DirectionItem)]
        history = [item for item in session.items if isinstance(item, HistoryItem)]
        session.stash[_CLAIMS] = _Claims(
            revisions=frozenset(item.revision_id for item in directions),
            reporter=next(iter([*history, *reversed(directions)]), None),
        )
    return session.stash[_CLAIMS]


class _SkipLocations:
    """A plugin that makes a skipped item name the revision's file, not our line that skipped it."""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, Any, Any]:
        report = yield
        if isinstance(item, ProofItem) and isinstance(report.longrepr, tuple):
            path, line, _ = item.reportinfo()
            report.longrepr = (str(path), line + 1, report.longrepr[2])
        return report
