"""Run the rules over a history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from alembic_proof.finding import Finding
from alembic_proof.lint.revision import ParsedHistory, RevisionFile
from alembic_proof.lint.rule import Rule


def lint(history: ParsedHistory, *, rules: Iterable[Rule]) -> tuple[Finding, ...]:
    """Return the findings of the rules, in the order of files, lines and rules.

    A comment `# alembic-proof: ignore[rule-id] reason` in a file accepts that rule's findings there.
    """
    files = {file.path: file for file in history.read_files}
    found = [
        _with_revision(finding, files)
        for rule in rules
        for finding in rule.check(history)
        if not _is_ignored(finding, files)
    ]
    return tuple(sorted(found, key=_reading_order))


def _with_revision(finding: Finding, files: Mapping[str, RevisionFile]) -> Finding:
    """Return the finding with the id of the revision in whose file it is."""
    file = files.get(finding.location.path) if finding.location else None
    if finding.revision or file is None or file.revision_id is None:
        return finding
    return replace(finding, revision=file.revision_id)


def _is_ignored(finding: Finding, files: Mapping[str, RevisionFile]) -> bool:
    file = files.get(finding.location.path) if finding.location else None
    return file is not None and file.accepts(finding.id)


def _reading_order(finding: Finding) -> tuple[str, int, str]:
    place = finding.location
    return (place.path, place.line, finding.id) if place else ("", 0, finding.id)
