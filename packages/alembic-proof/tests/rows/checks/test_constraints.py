"""The conjunction of constraints on a value."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alembic_proof.rows.checks.constraints import (
    ANY_VALUE,
    ValueConstraint,
    compare_texts,
    merge_rows,
    merge_values,
)


def test_bounds_are_the_tighter_ones() -> None:
    """Numbers are compared as numbers: "10" is greater than "9"."""
    first = ValueConstraint(low="9", high="100", is_high_exclusive=True)
    second = ValueConstraint(low="10", high="100")

    assert merge_values(first, second) == ValueConstraint(
        low="10", high="100", is_high_exclusive=True
    )


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (ValueConstraint(is_null=True), ValueConstraint(is_null=False)),
        (ValueConstraint(one_of=("a",)), ValueConstraint(one_of=("b",))),
        (ValueConstraint(one_of=("a",)), ValueConstraint(not_in=("a",))),
        (ValueConstraint(min_length=3), ValueConstraint(max_length=2)),
    ],
)
def test_conflicting_constraints_have_no_conjunction(
    first: ValueConstraint, second: ValueConstraint
) -> None:
    """Neither as values nor as the same column of two rows; in two columns they are compatible."""
    assert merge_values(first, second) is None
    assert merge_rows({"x": first}, {"x": second}) is None
    assert merge_rows({"x": first}, {"y": second}) == {"x": first, "y": second}


TEXTS = st.sampled_from(["1", "9", "10", "-3.5", "2020-01-01", "2020-01-01 10:00", "abc", ""])
CONSTRAINTS = st.builds(
    ValueConstraint,
    low=st.none() | TEXTS,
    high=st.none() | TEXTS,
    not_in=st.sets(TEXTS, max_size=2).map(tuple),
    min_length=st.integers(0, 3),
    is_null=st.sampled_from([None, True, False]),
)


@given(CONSTRAINTS)
def test_conjunction_with_itself_or_any_value_changes_nothing(constraint: ValueConstraint) -> None:
    """Merging is idempotent and ANY_VALUE is its neutral element."""
    assert merge_values(constraint, constraint) == constraint
    assert merge_values(constraint, ANY_VALUE) == merge_values(ANY_VALUE, constraint) == constraint


@given(TEXTS, TEXTS)
def test_comparison_of_texts_is_antisymmetric(first: str, second: str) -> None:
    """Also of texts of different types."""
    assert compare_texts(first, second) == -compare_texts(second, first)
