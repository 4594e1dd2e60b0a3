"""What is lost over rows of ours beside what is lost without them."""

from __future__ import annotations

import pytest

from alembic_proof.proofs.roundtrip.row_changes import newly_lost
from alembic_proof.rows import RowChange, RowChangeKind, TableName

USERS, NOTES = TableName("public.users"), TableName("public.notes")
NAMES = RowChange(USERS, "name", RowChangeKind.VALUES_GONE, 1, 4)
TEXTS = RowChange(NOTES, "text", RowChangeKind.VALUES_CHANGED, 1, 4)


@pytest.mark.parametrize(
    ("expected", "reported"),
    [
        ((), (NAMES, TEXTS)),
        ((RowChange(USERS, "name", RowChangeKind.VALUES_CHANGED, 2, 3),), (TEXTS,)),
        ((RowChange(USERS, "", RowChangeKind.ROWS_GONE, 3, 3),), (TEXTS,)),
        ((RowChange(USERS, "age", RowChangeKind.VALUES_GONE, 3, 3),), (NAMES, TEXTS)),
    ],
)
def test_an_expected_loss_is_not_reported_again(
    expected: tuple[RowChange, ...], reported: tuple[RowChange, ...]
) -> None:
    """Of the same column, or of any where whole rows are others."""
    assert newly_lost((NAMES, TEXTS), expected=expected) == reported


def test_new_rows_are_no_loss() -> None:
    """Rows that were added are what the step was given."""
    assert newly_lost((RowChange(USERS, "", RowChangeKind.ROWS_NEW, 1, 4),), expected=()) == ()
