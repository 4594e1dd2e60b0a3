"""What is lost over rows of ours beside what is lost without them."""

from __future__ import annotations

import pytest

from alembic_proof.proofs.roundtrip.row_changes import lost
from alembic_proof.rows import RowChange, RowChangeKind, TableName

USERS, NOTES = TableName("public.users"), TableName("public.notes")
NAMES = RowChange(USERS, "name", RowChangeKind.VALUES_GONE, 1, 4)
TEXTS = RowChange(NOTES, "text", RowChangeKind.VALUES_CHANGED, 1, 4)


@pytest.mark.parametrize(
    ("usual", "told"),
    [
        ((), (NAMES, TEXTS)),
        ((RowChange(USERS, "name", RowChangeKind.VALUES_CHANGED, 2, 3),), (TEXTS,)),
        ((RowChange(USERS, "", RowChangeKind.ROWS_GONE, 3, 3),), (TEXTS,)),
        ((RowChange(USERS, "age", RowChangeKind.VALUES_GONE, 3, 3),), (NAMES, TEXTS)),
    ],
)
def test_what_is_lost_as_usual_is_not_told_again(
    usual: tuple[RowChange, ...], told: tuple[RowChange, ...]
) -> None:
    """Of the same column, or of any where whole rows are others."""
    assert lost((NAMES, TEXTS), usual=usual) == told


def test_what_is_new_is_no_loss() -> None:
    """Rows that were added are what the step was given."""
    assert lost((RowChange(USERS, "", RowChangeKind.ROWS_NEW, 1, 4),), usual=()) == ()
