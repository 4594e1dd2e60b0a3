"""Running rules over a history."""

from __future__ import annotations

from alembic_proof.config import OWN_PACKAGES
from alembic_proof.lint import ParsedHistory, all_rules, lint, parse_revision

_EMPTY = (
    b'revision = "{id}"\nimport alembic_proof\ndef downgrade():\n    pass\ndef upgrade(): run()\n'
)


def test_findings_come_in_reading_order() -> None:
    """The order is by file and line, not by the order of files and rules."""
    files = tuple(parse_revision(name, _EMPTY) for name in ("b.py", "a.py"))

    found = lint(ParsedHistory(files=files, frozen_from=OWN_PACKAGES), rules=all_rules())

    assert [(str(finding.location), finding.id) for finding in found] == [
        ("a.py:2", "imports-project"),
        ("a.py:3", "empty-downgrade"),
        ("b.py:2", "imports-project"),
        ("b.py:3", "empty-downgrade"),
    ]


def test_a_history_without_files_is_clean() -> None:
    """An empty history has no findings."""
    assert lint(ParsedHistory(files=()), rules=all_rules()) == ()


def test_without_rules_nothing_is_found() -> None:
    """Findings come from rules only."""
    history = ParsedHistory(files=(parse_revision("a.py", _EMPTY),))

    assert lint(history, rules=()) == ()
