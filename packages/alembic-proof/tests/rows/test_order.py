"""The order in which tables are filled."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from alembic_proof.rows.order import fill_order
from alembic_proof.rows.schema import (
    ColumnInfo,
    ForeignKeyInfo,
    TableInfo,
    TableName,
    TypeInfo,
    TypeKind,
)

INTEGER = TypeInfo("pg_catalog", "int4", TypeKind.BASE)


def table(name: str, references: dict[str, bool]) -> TableInfo:
    """Return a table with a foreign key to each of these; True for a key that may be NULL."""
    return TableInfo(
        name=TableName(name),
        columns=tuple(
            ColumnInfo(to, INTEGER, is_nullable=nullable) for to, nullable in references.items()
        ),
        foreign_keys=tuple(ForeignKeyInfo(to, (to,), TableName(to), ("id",)) for to in references),
    )


NAMES = st.sampled_from("abcdef")


@given(st.dictionaries(NAMES, st.dictionaries(NAMES, st.booleans(), max_size=4), max_size=6))
def test_each_foreign_key_can_be_satisfied(
    references: dict[str, dict[str, bool]],
) -> None:
    """By an earlier level, by the same statement, or by a later UPDATE if it may be NULL."""
    known = {
        name: {to: n for to, n in keys.items() if to in references}
        for name, keys in references.items()
    }
    tables = [table(name, keys) for name, keys in known.items()]

    order = fill_order(tables)

    level = {t.name: n for n, groups in enumerate(order.levels) for group in groups for t in group}
    group_of = {
        t.name: {other.name for other in group}
        for groups in order.levels
        for group in groups
        for t in group
    }
    assert set(level) == {t.name for t in tables}
    for one in tables:
        for key in one.foreign_keys:
            is_deferred = (one.name, key.name) in order.deferred_keys
            assert (
                is_deferred or level[key.table] < level[one.name] or key.table in group_of[one.name]
            )
            assert not is_deferred or known[one.name][key.name]


def test_only_a_cycle_defers_keys() -> None:
    """A key that may be NULL is written with its row where that is possible."""
    order = fill_order([table("a", {"b": True}), table("b", {})])

    assert order.deferred_keys == frozenset()
    assert [[t.name for (t,) in groups] for groups in order.levels] == [["b"], ["a"]]
