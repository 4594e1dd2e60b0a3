"""What ddl proposes, and where it has nothing to propose."""

from __future__ import annotations

from dataclasses import replace

import pytest

from alembic_proof.authoring.actions import Action
from alembic_proof.authoring.ddl import action_sql, build_sql, create_sql
from alembic_proof.authoring.plan import plan_sql
from alembic_proof.catalog import Catalog, CatalogObject, Snapshot, diff, key

SCHEMA = CatalogObject(key("schema", "app"), (("owner", "me"),))
TABLE = CatalogObject(
    key("table", "app.t"), (("column order", "a"), ("owner", "me")), parents=(SCHEMA.key,)
)
COLUMN = CatalogObject(
    key("column", "app.t.a"),
    (("nullability", "NOT NULL"), ("type", "text")),
    parents=(TABLE.key,),
)


def enum(values: str) -> CatalogObject:
    """Return an enum of these labels."""
    return CatalogObject(key("enum", "app.e"), (("values", values),), parents=(SCHEMA.key,))


def test_a_table_comes_with_its_columns() -> None:
    """CREATE TABLE states what is the table's own."""
    catalog = Catalog.of([SCHEMA, TABLE, COLUMN])

    assert create_sql(TABLE, catalog) == "CREATE TABLE app.t (\n    a text NOT NULL\n)"
    assert build_sql(SCHEMA, catalog)[0] == "CREATE SCHEMA app"


def test_an_extension_comes_in_the_version_of_its_server() -> None:
    """The version of the scratch database's server need not be there."""
    extension = CatalogObject(key("extension", "hstore"), (("schema", "app"), ("version", "1.8")))

    assert create_sql(extension, Catalog()) == "CREATE EXTENSION hstore WITH SCHEMA app"


def test_a_schema_is_dropped_after_its_objects() -> None:
    """CASCADE would drop what nobody looked at."""
    full = Snapshot(Catalog.of([SCHEMA, TABLE, COLUMN]))

    assert plan_sql(full, Snapshot(Catalog())) == ("DROP TABLE app.t", "DROP SCHEMA app")


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("'b'", "'a', 'b'", ("ALTER TYPE app.e ADD VALUE 'a' BEFORE 'b'",)),
        ("'a', 'b'", "'a'", ("DROP TYPE app.e", "CREATE TYPE app.e AS ENUM ('a')")),
        ("'a', 'b'", "'b', 'a'", ("DROP TYPE app.e", "CREATE TYPE app.e AS ENUM ('b', 'a')")),
    ],
)
def test_an_enum_grows_or_is_made_again(before: str, after: str, expected: tuple[str, ...]) -> None:
    """PostgreSQL removes no label and moves none."""
    old, new = (Snapshot(Catalog.of([SCHEMA, enum(values)])) for values in (before, after))

    statements = [one for one in plan_sql(old, new) if not one.startswith("REVOKE")]

    assert statements == [*expected]


def test_the_order_of_columns_has_no_statement() -> None:
    """A column cannot be put in another place."""
    other = CatalogObject(TABLE.key, (("column order", "b, a"), ("owner", "me")))
    first = CatalogObject(TABLE.key, (("column order", "a, b"), ("owner", "me")))
    before, after = Catalog.of([first]), Catalog.of([other])

    assert diff(before, after, column_order=True) != ()
    assert plan_sql(Snapshot(before), Snapshot(after)) == ()


def test_a_backslash_survives_in_a_comment() -> None:
    """A literal is read as its text under all settings of the server."""
    said = CatalogObject(TABLE.key, (*TABLE.facts, ("comment", "a\\b's")), parents=TABLE.parents)
    before, after = Catalog.of([TABLE]), Catalog.of([said])

    assert plan_sql(Snapshot(before), Snapshot(after)) == (
        "COMMENT ON TABLE app.t IS E'a\\\\b''s'",
    )


FILL = Action(
    verb="fill",
    record=COLUMN,
    expression="''",
    condition="a IS NULL",
    settings=("app.keep = 'on'",),
)


def test_settings_hold_while_rows_are_changed() -> None:
    """They end before the next statement of the transaction."""
    catalog = Catalog.of([SCHEMA, TABLE, COLUMN])

    assert action_sql(FILL, before=catalog, after=catalog) == (
        "SET LOCAL app.keep = 'on'",
        "UPDATE app.t\nSET a = ''\nWHERE a IS NULL",
        "SET LOCAL app.keep TO DEFAULT",
    )
    plain = replace(FILL, settings=())
    assert action_sql(plain, before=catalog, after=catalog) == (
        "UPDATE app.t\nSET a = ''\nWHERE a IS NULL",
    )


def test_settings_hold_in_the_transaction_of_each_batch() -> None:
    """COMMIT ends SET LOCAL."""
    catalog = Catalog.of([SCHEMA, TABLE, COLUMN])
    in_batches = replace(FILL, batch_key=("a",), is_autocommit=True)

    (statement,) = action_sql(in_batches, before=catalog, after=catalog)

    loop = statement.partition("LOOP\n")[2]
    assert "        SET LOCAL app.keep = 'on';\n        WITH batch AS (\n" in loop
    assert loop.index("SET LOCAL") < loop.index("COMMIT")


def test_settings_hold_outside_of_a_transaction() -> None:
    """SET LOCAL has no effect there."""
    catalog = Catalog.of([SCHEMA, TABLE, COLUMN])
    deletion = Action(
        verb="delete",
        record=TABLE,
        condition="a = ''",
        settings=("app.keep = 'on'",),
        is_autocommit=True,
    )

    assert action_sql(deletion, before=catalog, after=catalog) == (
        "SET app.keep = 'on'",
        "DELETE FROM app.t\nWHERE a = ''",
        "SET app.keep TO DEFAULT",
    )
