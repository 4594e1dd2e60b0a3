"""Laws of comparing digests, over rows that Hypothesis generates."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from alembic_proof.rows import Digests, RowChangeKind, RowDigest, TableDigest, TableName, compare

NAME = TableName("public.t")


def of(rows: list[tuple[int, int | None, int | None]], *, keyed: bool) -> Digests:
    """Return the digests of a table with these rows."""
    digests = tuple(RowDigest((str(key),) if keyed else (), (key, a, b)) for key, a, b in rows)
    primary = ("id",) if keyed else ()
    return Digests((TableDigest(NAME, ("id", "a", "b"), primary, len(rows), digests),))


VALUES = st.one_of(st.none(), st.integers(0, 2))
ROWS = st.lists(st.tuples(st.integers(0, 4), VALUES, VALUES), max_size=5, unique_by=lambda r: r[0])


@given(rows=ROWS, keyed=st.booleans(), random=st.randoms())
def test_equal_rows_are_no_change_in_any_order(
    rows: list[tuple[int, int | None, int | None]], *, keyed: bool, random: Random
) -> None:
    """compare(a, a) is empty, shuffled as well."""
    shuffled = list(rows)
    random.shuffle(shuffled)

    assert compare(of(rows, keyed=keyed), of(shuffled, keyed=keyed)) == ()


@given(before=ROWS, after=ROWS, keyed=st.booleans())
def test_different_rows_are_always_a_change(
    before: list[tuple[int, int | None, int | None]],
    after: list[tuple[int, int | None, int | None]],
    *,
    keyed: bool,
) -> None:
    """compare(a, b) is empty only for the same rows, and so is compare(b, a)."""
    forth = compare(of(before, keyed=keyed), of(after, keyed=keyed))
    back = compare(of(after, keyed=keyed), of(before, keyed=keyed))

    is_same = sorted(map(repr, before)) == sorted(map(repr, after))
    assert (forth == ()) is is_same
    assert (back == ()) is is_same


@given(ROWS, ROWS)
def test_losses_are_gains_in_the_other_direction(
    before: list[tuple[int, int | None, int | None]],
    after: list[tuple[int, int | None, int | None]],
) -> None:
    """compare(b, a) mirrors compare(a, b)."""
    mirror = {
        RowChangeKind.ROWS_GONE: RowChangeKind.ROWS_NEW,
        RowChangeKind.ROWS_NEW: RowChangeKind.ROWS_GONE,
        RowChangeKind.VALUES_GONE: RowChangeKind.VALUES_NEW,
        RowChangeKind.VALUES_NEW: RowChangeKind.VALUES_GONE,
    }
    forth = compare(of(before, keyed=True), of(after, keyed=True))
    back = compare(of(after, keyed=True), of(before, keyed=True))

    assert {(c.column, mirror.get(c.kind, c.kind), c.count) for c in forth} == {
        (c.column, c.kind, c.count) for c in back
    }
