"""Catalogs are compared, without a server."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alembic_proof.catalog import Catalog, CatalogObject, Change, Key, diff, key
from alembic_proof.finding import Severity

TABLE = key("table", "public.t")
COLUMN = key("column", "public.t.c")
KEYS = (
    key("schema", "public"),
    TABLE,
    COLUMN,
    key("column", "public.p.c"),
    key("index", "public.i"),
    key("database", "current"),
)


def record(
    at: Key,
    *,
    parents: tuple[Key, ...] = (),
    origin: Key | None = None,
    is_implicit: bool = False,
    **facts: str,
) -> CatalogObject:
    """Return an object with these facts; underscores become spaces."""
    named = sorted((name.replace("_", " "), text) for name, text in facts.items())
    return CatalogObject(at, tuple(named), parents, origin, is_implicit)


facts = st.dictionaries(
    st.sampled_from(("owner", "definition", "column order", "inherited", "inherits")),
    st.sampled_from(("a", "b", "a, b", "b, a", "line\nother")),
)
records = st.builds(
    CatalogObject,
    st.sampled_from(KEYS),
    facts.map(lambda found: tuple(sorted(found.items()))),
    st.lists(st.sampled_from(KEYS), max_size=2, unique=True).map(tuple),
    st.none() | st.sampled_from(KEYS),
    st.booleans(),
)
catalogs = st.lists(records, unique_by=lambda one: one.key).map(Catalog.of)


@given(catalogs)
def test_a_catalog_does_not_differ_from_itself(catalog: Catalog) -> None:
    """diff(a, a) is empty."""
    assert diff(catalog, catalog) == ()


@given(catalogs, catalogs)
def test_backwards_is_the_mirror(one: Catalog, other: Catalog) -> None:
    """diff(b, a) has the changes of diff(a, b), before and after exchanged."""
    mirrored = [
        (change.kind, change.identity, change.attribute, change.after, change.before)
        for change in diff(one, other)
    ]

    assert mirrored == [
        (change.kind, change.identity, change.attribute, change.before, change.after)
        for change in diff(other, one)
    ]


@given(st.lists(records, unique_by=lambda one: one.key), st.randoms())
def test_the_order_of_objects_does_not_matter(objects: list[CatalogObject], random: Random) -> None:
    """Catalogs of the same objects are equal and have one hash."""
    shuffled = random.sample(objects, len(objects))

    assert Catalog.of(objects) == Catalog.of(shuffled)
    assert hash(Catalog.of(objects)) == hash(Catalog.of(shuffled))


def test_children_of_a_missing_object_are_not_listed() -> None:
    """A missing table is one change, with all its columns and indexes."""
    before = Catalog.of([record(TABLE), record(COLUMN, parents=(TABLE,), type="text")])

    assert [str(change) for change in diff(before, Catalog())] == ["table public.t: missing"]
    assert [str(change) for change in diff(Catalog(), before)] == ["table public.t: unexpected"]


def test_a_missing_child_of_a_table_that_is_there_is_listed() -> None:
    """The negative control: the table has lost a column."""
    table, column = record(TABLE), record(COLUMN, parents=(TABLE,))

    changes = diff(Catalog.of([table, column]), Catalog.of([table]))

    assert [str(change) for change in changes] == ["column public.t.c: missing"]


def test_an_inherited_change_is_listed_at_its_origin() -> None:
    """An inherited column changes with the one that it is inherited from."""
    heir = key("column", "public.p.c")
    before = Catalog.of([record(COLUMN, type="text"), record(heir, origin=COLUMN, type="text")])
    after = Catalog.of([record(COLUMN, type="date"), record(heir, origin=COLUMN, type="date")])
    alone = Catalog.of([record(COLUMN, type="text"), record(heir, origin=COLUMN, type="date")])

    assert [str(one) for one in diff(before, after)] == ["column public.t.c, type: text -> date"]
    assert [str(one) for one in diff(before, alone)] == ["column public.p.c, type: text -> date"]


def test_an_implicit_object_is_never_missing() -> None:
    """Only its attributes are compared, because its parent implies it."""
    table = record(TABLE)
    implicit = record(COLUMN, parents=(TABLE,), is_implicit=True, comment="said")

    changes = diff(Catalog.of([table]), Catalog.of([table, implicit]))

    assert [str(change) for change in changes] == ["column public.t.c, comment: none -> said"]
    assert diff(Catalog(), Catalog.of([table, implicit])) == diff(Catalog(), Catalog.of([table]))


def test_the_order_of_columns_of_a_table_is_a_note_on_request() -> None:
    """Only the order of columns that both have is compared."""
    before = Catalog.of([record(TABLE, column_order='a, "b, c", d')])
    after = Catalog.of([record(TABLE, column_order='"b, c", a')])

    (change,) = diff(before, after, column_order=True)

    assert str(change) == 'column-order public.t: a, "b, c" -> "b, c", a'
    assert change.severity is Severity.NOTE
    assert diff(before, after) == ()


def test_columns_in_the_same_place_are_left_out_of_an_order() -> None:
    """A long table shows only the stretch in which its columns differ."""
    before = Catalog.of([record(TABLE, column_order="a, b, c, d, e")])
    after = Catalog.of([record(TABLE, column_order="a, b, d, c, e")])

    (change,) = diff(before, after, column_order=True)

    assert str(change) == "column-order public.t: …, c, d, … -> …, d, c, …"


@pytest.mark.parametrize("kind", ["view", "materialized view", "composite type"])
def test_the_order_of_columns_elsewhere_is_an_error(kind: str) -> None:
    """A view and a type can be created again, and SELECT * shows their order."""
    at = key(kind, "public.t")
    before = Catalog.of([record(at, column_order="a, b")])

    (change,) = diff(before, Catalog.of([record(at, column_order="b, a")]))

    assert str(change) == "column-order public.t: a, b -> b, a"
    assert change.severity is Severity.ERROR


def test_an_additional_column_does_not_change_the_order() -> None:
    """The negative control: the columns that both have are in one order."""
    before = Catalog.of([record(TABLE, column_order="a, b")])

    more = Catalog.of([record(TABLE, column_order="a, x, b")])
    assert diff(before, more, column_order=True) == ()


def test_attributes_of_the_database_are_notes() -> None:
    """Settings of the database itself differ between installations."""
    at = key("database", "current")

    (change,) = diff(Catalog.of([record(at)]), Catalog.of([record(at, settings="'a=b'")]))

    assert change.severity is Severity.NOTE


def test_a_long_definition_is_shown_as_its_changed_lines() -> None:
    """Of two function bodies only the lines that differ and their neighbours are shown."""
    body = [f"line {number}" for number in range(20)]
    other = [*body[:10], "another", *body[11:]]
    change = Change(
        kind=TABLE.kind,
        identity=TABLE.identity,
        attribute="definition",
        before="\n".join(body),
        after="\n".join(other),
    )

    assert str(change).splitlines() == [
        "table public.t: changed",
        "     line 9",
        "    -line 10",
        "    +another",
        "     line 11",
    ]
