"""Runs rules over a history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from alembic_proof.finding import Finding
from alembic_proof.lint.revision import History, Revision
from alembic_proof.lint.rule import Rule


def lint(history: History, *, rules: Iterable[Rule]) -> tuple[Finding, ...]:
    """Return what the rules find, in the order of files, lines and rules; empty when clean.

    A file's comment `# alembic-proof: ignore[rule-id] reason` accepts that rule's findings in it.
    """
    found = [finding for rule in rules for finding in rule.check(history)]
    return tuple(sorted(not_ignored(history, found), key=_reading_order))


def not_ignored(history: History, findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings that no comment in their file accepts."""
    files = {file.path: file for file in history.files}
    return tuple(one for one in findings if not _is_ignored(one, files))


def _is_ignored(finding: Finding, files: Mapping[str, Revision]) -> bool:
    file = files.get(finding.location.path) if finding.location else None
    return file is not None and file.accepts(finding.rule)


def _reading_order(finding: Finding) -> tuple[str, int, str]:
    place = finding.location
    return (place.path, place.line, finding.rule) if place else ("", 0, finding.rule)
