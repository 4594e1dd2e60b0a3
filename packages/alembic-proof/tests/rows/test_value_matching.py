"""Laws of matching generated values, over rows that Hypothesis generates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alembic_proof.rows import (
    Digests,
    RowDigest,
    TableDigest,
    TableName,
    compare,
    match_generated_values,
)
from alembic_proof.rows.schema import ForeignKeyInfo, TableInfo, UserTables

USERS, NOTES = TableName("public.users"), TableName("public.notes")
SHAPES = UserTables.of(
    (
        TableInfo(USERS),
        TableInfo(NOTES, foreign_keys=(ForeignKeyInfo("of", ("user_id",), USERS, ("id",)),)),
    )
)
KnownRows = Sequence[tuple[int | None, ...]]


def table(name: TableName, columns: tuple[str, ...], rows: KnownRows) -> TableDigest:
    """Return a digest of these rows, whose key is the first column."""
    digests = tuple(RowDigest((str(row[0]),), tuple(row)) for row in rows)
    return TableDigest(name, columns, ("id",), len(rows), digests)


def of(users: KnownRows, notes: KnownRows) -> Digests:
    """Return the digests of users and of the notes that reference them."""
    return Digests(
        (
            table(NOTES, ("id", "user_id", "text"), notes),
            table(USERS, ("id", "name"), users),
        )
    )


BEFORE = of([(1, 801), (2, 802)], [(1, 1, 901), (2, 2, 902)])
NUMBERS = st.permutations(range(5))
OWNERS = st.lists(st.integers(0, 4), min_size=5, max_size=5)
TEXTS = st.lists(st.integers(910, 912), min_size=5, max_size=5)


def seeded(
    start: int, numbers: Sequence[int], owners: Sequence[int], texts: Sequence[int]
) -> Digests:
    """Return the rows of before, with five users and notes whose keys are in some order."""
    ids = [start + number for number in numbers]
    users = [(1, 801), (2, 802), *((each, 810 + place) for place, each in enumerate(ids))]
    notes = [
        (start + 50 + place, ids[owner], text)
        for place, (owner, text) in enumerate(zip(owners, texts, strict=True))
    ]
    return of(users, [(1, 1, 901), (2, 2, 902), *notes])


@given(first=NUMBERS, again=NUMBERS, repeated=NUMBERS, owners=OWNERS, texts=TEXTS)
def test_rows_that_differ_only_in_generated_keys_are_equal(
    first: Sequence[int],
    again: Sequence[int],
    repeated: Sequence[int],
    owners: Sequence[int],
    texts: Sequence[int],
) -> None:
    """Whatever the keys are, and whichever rows reference them."""
    old = seeded(100, first, owners, texts)
    new = seeded(200, again, owners, texts)

    named = match_generated_values(
        old, new, repeated=seeded(300, repeated, owners, texts), before=BEFORE, user_tables=SHAPES
    )

    assert compare(old, new)
    assert compare(old, named) == ()


@given(first=NUMBERS, again=NUMBERS, owners=OWNERS, texts=TEXTS)
def test_values_of_each_run_are_kept(
    first: Sequence[int], again: Sequence[int], owners: Sequence[int], texts: Sequence[int]
) -> None:
    """A second run with the same values shows that nothing was generated."""
    old, new = seeded(100, first, owners, texts), seeded(200, again, owners, texts)

    assert match_generated_values(old, new, repeated=new, before=BEFORE, user_tables=SHAPES) == new


Fault = Callable[[list[RowDigest], int, int], list[RowDigest]]


def without(rows: list[RowDigest], one: int, _: int) -> list[RowDigest]:
    """Return the rows without one."""
    return [row for row in rows if row is not rows[one]]


def with_another_text(rows: list[RowDigest], one: int, _: int) -> list[RowDigest]:
    """Return the rows with one other text."""
    return with_hashes(rows, one, (*rows[one].hashes[:2], 999))


def with_another_user(rows: list[RowDigest], one: int, user: int) -> list[RowDigest]:
    """Return the rows with one note of another user."""
    return with_hashes(rows, one, (rows[one].hashes[0], user, rows[one].hashes[2]))


def with_hashes(rows: list[RowDigest], one: int, hashes: tuple[int | None, ...]) -> list[RowDigest]:
    """Return the rows with other hashes in one of them."""
    return [replace(row, hashes=hashes) if row is rows[one] else row for row in rows]


@pytest.mark.parametrize("fault", [without, with_another_text, with_another_user])
@given(numbers=NUMBERS, owners=OWNERS, one=st.integers(0, 6), other=st.integers(1, 6))
def test_a_loss_beside_generated_values_is_still_a_change(
    fault: Fault, numbers: Sequence[int], owners: Sequence[int], one: int, other: int
) -> None:
    """An upgrade that loses rows does so in each run."""

    def spoilt(start: int) -> Digests:
        notes, users = seeded(start, numbers, owners, range(910, 915)).tables
        ids = [row.hashes[0] for row in users.rows]
        user = ids[(ids.index(notes.rows[one].hashes[1]) + other) % len(ids)]
        rows = tuple(fault([*notes.rows], one, user or 0))
        return Digests((replace(notes, rows=rows, count=len(rows)), users))

    old = seeded(100, range(5), owners, range(910, 915))

    named = match_generated_values(
        old, spoilt(200), repeated=spoilt(300), before=BEFORE, user_tables=SHAPES
    )

    changes = compare(old, named)
    assert changes
    assert {change.table for change in changes} <= {NOTES}


VALUES = st.one_of(st.none(), st.integers(0, 6))
ANY = st.builds(
    of,
    st.lists(st.tuples(st.integers(0, 6), VALUES), max_size=4, unique_by=lambda row: row[0]),
    st.lists(st.tuples(st.integers(0, 6), VALUES, VALUES), max_size=4, unique_by=lambda r: r[0]),
)


@given(before=ANY, first=ANY, again=ANY, repeated=ANY)
def test_different_values_stay_different(
    before: Digests, first: Digests, again: Digests, repeated: Digests
) -> None:
    """No two values match the same one, and no row is added or removed."""
    named = match_generated_values(
        first, again, repeated=repeated, before=before, user_tables=SHAPES
    )

    for old, new in zip(again.tables, named.tables, strict=True):
        assert len(old.rows) == len(new.rows)
        for place in range(len(old.columns)):
            pairs = {
                (o.hashes[place], n.hashes[place]) for o, n in zip(old.rows, new.rows, strict=True)
            }
            assert len({o for o, _ in pairs}) == len({n for _, n in pairs}) == len(pairs)


def test_a_table_with_sums_only_is_not_matched() -> None:
    """Sums of a repeated upgrade do not show which values were generated."""
    old = seeded(100, range(5), [0] * 5, [910] * 5)
    new, repeated = (seeded(start, range(5), [0] * 5, [910] * 5) for start in (200, 300))
    summed = tuple(replace(t, rows=(), sums=((1, 1),) * len(t.columns)) for t in repeated.tables)

    assert (
        match_generated_values(
            old, new, repeated=Digests(summed), before=BEFORE, user_tables=SHAPES
        )
        == new
    )
    assert (
        match_generated_values(old, new, repeated=Digests(), before=BEFORE, user_tables=SHAPES)
        == new
    )
