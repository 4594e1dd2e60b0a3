"""Runs rules over a history."""

from __future__ import annotations

from collections.abc import Iterable

from alembic_proof.finding import Finding
from alembic_proof.lint.revision import History
from alembic_proof.lint.rule import Rule


def lint(history: History, *, rules: Iterable[Rule]) -> tuple[Finding, ...]:
    """What the rules find, in the order of files, lines and rules; empty when clean."""
    found = [finding for rule in rules for finding in rule.check(history)]
    return tuple(sorted(found, key=_reading_order))


def _reading_order(finding: Finding) -> tuple[str, int, str]:
    place = finding.location
    return (place.path, place.line, finding.rule) if place else ("", 0, finding.rule)
