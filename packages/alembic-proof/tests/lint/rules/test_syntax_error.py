"""The rule `syntax-error`."""

from __future__ import annotations

from alembic_proof.lint import ParsedHistory, parse_revision
from alembic_proof.lint.rules.syntax_error import RULE


def test_a_broken_file_is_one_finding_at_python_s_line() -> None:
    """A conflict marker is found at its line."""
    history = ParsedHistory(files=(parse_revision("a.py", b'revision = "a"\n<<<<<<< HEAD\n'),))

    assert [(str(found.location), found.message) for found in RULE.check(history)] == [
        ("a.py:2", "Python cannot parse this file: invalid syntax")
    ]


def test_a_file_that_parses_is_clean() -> None:
    """A file that parses is clean."""
    history = ParsedHistory(files=(parse_revision("a.py", b'revision = "a"\n'),))

    assert list(RULE.check(history)) == []
