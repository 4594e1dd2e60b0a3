"""Laws of naming what was made anew, over rows that hypothesis makes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alembic_proof.rows import Digests, RowDigest, TableDigest, TableName, compare, renamed
from alembic_proof.rows.shape import ForeignKey, Shapes, Table

USERS, NOTES = TableName("public.users"), TableName("public.notes")
SHAPES = Shapes.of(
    (
        Table(USERS),
        Table(NOTES, foreign_keys=(ForeignKey("of", ("user_id",), USERS, ("id",)),)),
    )
)
Rows = Sequence[tuple[int | None, ...]]


def table(name: TableName, columns: tuple[str, ...], rows: Rows) -> TableDigest:
    """A digest of these rows, whose key is the first column."""
    digests = tuple(RowDigest((str(row[0]),), tuple(row)) for row in rows)
    return TableDigest(name, columns, ("id",), len(rows), digests)


def of(users: Rows, notes: Rows) -> Digests:
    """The digests of users and of what refers to them."""
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
    """What was before, with five users and five notes that got numbers in some order."""
    ids = [start + number for number in numbers]
    users = [(1, 801), (2, 802), *((each, 810 + place) for place, each in enumerate(ids))]
    notes = [
        (start + 50 + place, ids[owner], text)
        for place, (owner, text) in enumerate(zip(owners, texts, strict=True))
    ]
    return of(users, [(1, 1, 901), (2, 2, 902), *notes])


@given(first=NUMBERS, again=NUMBERS, trial=NUMBERS, owners=OWNERS, texts=TEXTS)
def test_rows_that_differ_in_keys_made_anew_are_the_same(
    first: Sequence[int],
    again: Sequence[int],
    trial: Sequence[int],
    owners: Sequence[int],
    texts: Sequence[int],
) -> None:
    """Whatever the numbers are, and whoever refers to them."""
    old = seeded(100, first, owners, texts)
    new = seeded(200, again, owners, texts)

    named = renamed(old, new, trial=seeded(300, trial, owners, texts), before=BEFORE, shapes=SHAPES)

    assert compare(old, new)
    assert compare(old, named) == ()


@given(first=NUMBERS, again=NUMBERS, owners=OWNERS, texts=TEXTS)
def test_what_comes_out_each_time_keeps_its_name(
    first: Sequence[int], again: Sequence[int], owners: Sequence[int], texts: Sequence[int]
) -> None:
    """A run that gives the same once more shows that nothing was made anew."""
    old, new = seeded(100, first, owners, texts), seeded(200, again, owners, texts)

    assert renamed(old, new, trial=new, before=BEFORE, shapes=SHAPES) == new


Fault = Callable[[list[RowDigest], int, int], list[RowDigest]]


def without(rows: list[RowDigest], one: int, _: int) -> list[RowDigest]:
    """A row goes."""
    return [row for row in rows if row is not rows[one]]


def with_another_text(rows: list[RowDigest], one: int, _: int) -> list[RowDigest]:
    """A text is another one."""
    return with_hashes(rows, one, (*rows[one].hashes[:2], 999))


def with_another_user(rows: list[RowDigest], one: int, user: int) -> list[RowDigest]:
    """A note is somebody else's."""
    return with_hashes(rows, one, (rows[one].hashes[0], user, rows[one].hashes[2]))


def with_hashes(rows: list[RowDigest], one: int, hashes: tuple[int | None, ...]) -> list[RowDigest]:
    """One row holds these."""
    return [replace(row, hashes=hashes) if row is rows[one] else row for row in rows]


@pytest.mark.parametrize("fault", [without, with_another_text, with_another_user])
@given(numbers=NUMBERS, owners=OWNERS, one=st.integers(0, 6), other=st.integers(1, 6))
def test_what_is_lost_beside_it_is_still_a_change(
    fault: Fault, numbers: Sequence[int], owners: Sequence[int], one: int, other: int
) -> None:
    """What an upgrade makes of rows that are not as before, it makes each time."""

    def spoilt(start: int) -> Digests:
        notes, users = seeded(start, numbers, owners, range(910, 915)).tables
        ids = [row.hashes[0] for row in users.rows]
        user = ids[(ids.index(notes.rows[one].hashes[1]) + other) % len(ids)]
        rows = tuple(fault([*notes.rows], one, user or 0))
        return Digests((replace(notes, rows=rows, count=len(rows)), users))

    old = seeded(100, range(5), owners, range(910, 915))

    named = renamed(old, spoilt(200), trial=spoilt(300), before=BEFORE, shapes=SHAPES)

    changes = compare(old, named)
    assert changes
    assert {change.table for change in changes} <= {NOTES}


VALUES = st.one_of(st.none(), st.integers(0, 6))
ANY = st.builds(
    of,
    st.lists(st.tuples(st.integers(0, 6), VALUES), max_size=4, unique_by=lambda row: row[0]),
    st.lists(st.tuples(st.integers(0, 6), VALUES, VALUES), max_size=4, unique_by=lambda r: r[0]),
)


@given(before=ANY, first=ANY, again=ANY, trial=ANY)
def test_no_two_values_get_one_name(
    before: Digests, first: Digests, again: Digests, trial: Digests
) -> None:
    """Whatever is compared: what was different stays different, and nothing comes or goes."""
    named = renamed(first, again, trial=trial, before=before, shapes=SHAPES)

    for old, new in zip(again.tables, named.tables, strict=True):
        assert len(old.rows) == len(new.rows)
        for place in range(len(old.columns)):
            pairs = {
                (o.hashes[place], n.hashes[place]) for o, n in zip(old.rows, new.rows, strict=True)
            }
            assert len({o for o, _ in pairs}) == len({n for _, n in pairs}) == len(pairs)


def test_nothing_is_said_of_a_table_that_was_not_read_row_by_row() -> None:
    """A trial that shows sums alone does not show what was made anew."""
    old = seeded(100, range(5), [0] * 5, [910] * 5)
    new, trial = (seeded(start, range(5), [0] * 5, [910] * 5) for start in (200, 300))
    summed = tuple(replace(t, rows=(), sums=((1, 1),) * len(t.columns)) for t in trial.tables)

    assert renamed(old, new, trial=Digests(summed), before=BEFORE, shapes=SHAPES) == new
    assert renamed(old, new, trial=Digests(), before=BEFORE, shapes=SHAPES) == new
