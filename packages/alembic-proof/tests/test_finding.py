"""Findings and timed steps."""

from __future__ import annotations

from time import sleep

import pytest

from alembic_proof.finding import Finding, Location, Severity, TimedStep, has_failed, timed


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
    assert has_failed([Finding(id="r", message="m", severity=severity)]) is failed


def test_no_findings_do_not_fail_a_command() -> None:
    """Nothing found is clean."""
    assert not has_failed([])


def test_a_step_is_reported_when_it_is_done() -> None:
    """With its name and its time."""
    reported: list[TimedStep] = []

    with timed("read", on_step=reported.append):
        assert reported == []
        sleep(0.02)

    assert [step.name for step in reported] == ["read"]
    assert 0.02 <= reported[0].elapsed_s < 5


def test_a_step_that_fails_is_not_reported() -> None:
    """What was not done took no time."""
    reported: list[TimedStep] = []

    with pytest.raises(ValueError, match="no"), timed("read", on_step=reported.append):
        raise ValueError("no")

    assert reported == []
