"""What holds for all schemas, on real databases."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, given, settings

from alembic_proof.catalog import Catalog, Change, diff
from alembic_proof.catalog.ddl import changes_sql
from alembic_proof.finding import Severity

from .conftest import Database
from .schemas import Schema, schemas

_FEW = settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@_FEW
@given(schema=schemas())
def test_the_order_of_building_does_not_show(empty: Database, schema: Schema) -> None:
    """A schema built in one order equals the same schema built in another."""
    one = _built(empty, schema.statements())
    other = _built(empty, schema.statements(is_other_way=True))

    assert diff(one, other) == ()
    assert one == other


@_FEW
@given(schema=schemas(), other_schema=schemas())
def test_a_diff_read_backwards_is_its_mirror(
    empty: Database, schema: Schema, other_schema: Schema
) -> None:
    """What one direction misses is unexpected in the other, and nothing differs from itself."""
    one = _built(empty, schema.statements())
    other = _built(empty, other_schema.statements())

    assert diff(one, one) == ()
    assert diff(other, one) == tuple(_mirrored(change) for change in diff(one, other))
    assert (diff(one, other) == ()) == (one == other)


@_FEW
@given(schema=schemas(is_fixed=True), other_schema=schemas(is_fixed=True))
def test_the_proposed_statements_turn_one_schema_into_the_other(
    empty: Database, schema: Schema, other_schema: Schema
) -> None:
    """Executing what ddl proposes leaves only the order of columns and labels that an enum lost."""
    wanted = _built(empty, other_schema.statements())
    current = _built(empty, schema.statements())

    statements = changes_sql(diff(current, wanted), current, wanted)
    reached = _built(empty, [*schema.statements(), *statements])

    left = [
        str(change)
        for change in diff(reached, wanted)
        if change.severity is Severity.ERROR and change.attribute != "values"
    ]
    assert left == [], "\n".join(statements)


def test_how_not_null_came_about_does_not_show(empty: Database) -> None:
    """PostgreSQL 18 names the constraint behind NOT NULL by the way it was made: no difference."""
    made = _built(empty, ["CREATE TABLE public.t (a integer NOT NULL, b integer NOT NULL)"])
    changed = _built(
        empty,
        [
            "CREATE TABLE public.old (a integer NOT NULL, c integer)",
            "ALTER TABLE public.old RENAME TO t",
            "ALTER TABLE public.t RENAME COLUMN c TO b",
            "ALTER TABLE public.t ALTER COLUMN b SET NOT NULL",
        ],
    )
    nullable = _built(empty, ["CREATE TABLE public.t (a integer NOT NULL, b integer)"])

    assert changed == made
    assert [str(one) for one in diff(made, nullable)] == [
        "column public.t.b, nullability: NOT NULL -> NULL"
    ]


def _built(database: Database, statements: list[str]) -> Catalog:
    """What the statements make of an empty database, which is empty again afterwards."""
    try:
        database.execute(*statements)
        return database.read()
    finally:
        database.rollback()


def _mirrored(change: Change) -> Change:
    return Change(
        kind=change.kind,
        identity=change.identity,
        attribute=change.attribute,
        before=change.after,
        after=change.before,
        severity=change.severity,
    )
