"""The order in which tables are filled."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from alembic_proof.rows.order import order_of
from alembic_proof.rows.shape import Column, Family, ForeignKey, Table, TableName, TypeShape

INTEGER = TypeShape("pg_catalog", "int4", Family.BASE)


def table(name: str, references: dict[str, bool]) -> Table:
    """A table with a foreign key to each of these; True for one that may be NULL."""
    return Table(
        name=TableName(name),
        columns=tuple(
            Column(to, INTEGER, is_nullable=nullable) for to, nullable in references.items()
        ),
        foreign_keys=tuple(ForeignKey(to, (to,), TableName(to), ("id",)) for to in references),
    )


NAMES = st.sampled_from("abcdef")


@given(st.dictionaries(NAMES, st.dictionaries(NAMES, st.booleans(), max_size=4), max_size=6))
def test_what_is_referred_to_comes_before_at_once_or_later(
    references: dict[str, dict[str, bool]],
) -> None:
    """Every key is satisfied by an earlier level, by the same statement, or by an UPDATE."""
    known = {
        name: {to: n for to, n in keys.items() if to in references}
        for name, keys in references.items()
    }
    tables = [table(name, keys) for name, keys in known.items()]

    order = order_of(tables)

    level = {
        t.name: place for place, units in enumerate(order.levels) for unit in units for t in unit
    }
    unit = {
        t.name: frozenset(o.name for o in u) for units in order.levels for u in units for t in u
    }
    assert set(level) == {t.name for t in tables}
    for one in tables:
        for key in one.foreign_keys:
            is_later = (one.name, key.name) in order.later
            assert is_later or level[key.table] < level[one.name] or key.table in unit[one.name]
            assert not is_later or known[one.name][key.name]


def test_only_a_circle_makes_keys_wait() -> None:
    """A key that may be NULL is written at once where it can be."""
    order = order_of([table("a", {"b": True}), table("b", {})])

    assert order.later == frozenset()
    assert [[t.name for t in unit] for units in order.levels for unit in units] == [["b"], ["a"]]
