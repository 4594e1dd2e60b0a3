"""Laws that hold for all schemas, on real databases."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, given, settings

from alembic_proof.authoring.ddl import action_sql
from alembic_proof.authoring.phases import phases
from alembic_proof.authoring.plan import plan
from alembic_proof.authoring.safe_forms import PlanContext
from alembic_proof.catalog import Catalog, Change, diff

from .authored import BATTERY, AlembicProject, Side, check_cycle, differences
from .conftest import Database
from .random_schemas import Schema, schemas

_FEW = settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@_FEW
@given(schema=schemas())
def test_the_order_of_creation_does_not_matter(empty: Database, schema: Schema) -> None:
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


@settings(_FEW, max_examples=300 if BATTERY in os.environ else 8)
@given(schema=schemas(is_fixed=True), other_schema=schemas(is_fixed=True))
def test_a_revision_turns_one_schema_into_another(
    empty: Database, project: AlembicProject, schema: Schema, other_schema: Schema
) -> None:
    """It goes up, down and up again; only the order of columns differs."""
    models, history = _side(empty, other_schema), _side(empty, schema)
    if differences(history.snapshot.catalog, models.snapshot.catalog):
        try:
            empty.execute(*schema.statements())
            check_cycle(empty, project, history=history, models=models)
        finally:
            empty.rollback()


@_FEW
@given(schema=schemas(is_fixed=True), other_schema=schemas(is_fixed=True))
def test_phases_turn_one_schema_into_another(
    empty: Database, schema: Schema, other_schema: Schema
) -> None:
    """Divided and put in another order, the steps still find what they need."""
    history, models = _side(empty, schema).snapshot, _side(empty, other_schema).snapshot
    context = PlanContext(actions=plan(history, models), before=history, after=models)
    steps = [action for phase in phases(context) for action in phase.actions]
    # In a transaction that is rolled back.
    statements = [
        statement.replace(" CONCURRENTLY", "", 1)
        for action in steps
        for statement in action_sql(action, before=history.catalog, after=models.catalog)
    ]

    reached = _built(empty, [*schema.statements(), *statements])

    assert differences(reached, models.catalog) == [], "\n".join(statements)


def test_the_name_of_not_null_is_not_compared(empty: Database) -> None:
    """PostgreSQL 18 names the constraint differently after CREATE TABLE and SET NOT NULL."""
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


def _side(database: Database, schema: Schema) -> Side:
    """Build the schema in an empty database, which is empty again afterwards."""
    try:
        database.execute(*schema.statements())
        return Side(database.snapshot(), tuple(schema.statements()))
    finally:
        database.rollback()


def _built(database: Database, statements: list[str]) -> Catalog:
    """Return the catalog after the statements in an empty database, which is empty again afterwards."""
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
