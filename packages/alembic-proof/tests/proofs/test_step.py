"""The steps of a proof."""

from __future__ import annotations

import pytest

from alembic_proof.proofs import Step
from alembic_proof.proofs.step import timed


def test_a_step_is_told_when_it_is_done() -> None:
    """With its name and its time."""
    told: list[Step] = []

    with timed("read", tell=told.append):
        assert told == []

    assert [step.name for step in told] == ["read"]
    assert told[0].elapsed_s >= 0


def test_a_step_that_fails_is_not_told() -> None:
    """What was not done took no time."""
    told: list[Step] = []

    with pytest.raises(ValueError, match="no"), timed("read", tell=told.append):
        raise ValueError("no")

    assert told == []
