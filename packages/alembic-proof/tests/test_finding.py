"""Findings as values."""

from __future__ import annotations

import pytest

from alembic_proof.finding import Finding, Location, Severity, has_failed


def test_a_location_reads_like_an_editor_wants_it() -> None:
    """A line is appended with a colon; a file as a whole has none."""
    assert str(Location("a.py", 3)) == "a.py:3"
    assert str(Location("a.py")) == "a.py"


@pytest.mark.parametrize(
    ("severity", "failed"),
    [(Severity.ERROR, True), (Severity.WARNING, True), (Severity.NOTE, False)],
)
def test_errors_and_warnings_fail_a_command_and_notes_do_not(
    severity: Severity, *, failed: bool
) -> None:
    """A note alone exits with 0."""
    assert has_failed([Finding(rule="r", message="m", severity=severity)]) is failed


def test_no_findings_do_not_fail_a_command() -> None:
    """Nothing found is clean."""
    assert not has_failed([])
