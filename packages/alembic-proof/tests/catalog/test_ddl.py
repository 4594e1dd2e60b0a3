"""What ddl proposes, and where it has nothing to propose."""

from __future__ import annotations

import pytest

from alembic_proof.catalog import Catalog, CatalogObject, Change, diff, key
from alembic_proof.catalog.ddl import build_sql, change_sql, changes_sql, create_sql, drop_sql

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
    """An enum of these labels."""
    return CatalogObject(key("enum", "app.e"), (("values", values),), parents=(SCHEMA.key,))


def only_change(before: Catalog, after: Catalog) -> Change:
    """The one change between the two."""
    (change,) = diff(before, after)
    return change


def test_a_table_comes_with_its_columns() -> None:
    """CREATE TABLE states what is the table's own."""
    catalog = Catalog.of([SCHEMA, TABLE, COLUMN])

    assert create_sql(TABLE, catalog) == "CREATE TABLE app.t (\n    a text NOT NULL\n)"
    assert build_sql(SCHEMA, catalog)[0] == "CREATE SCHEMA app"


def test_a_schema_goes_with_what_is_in_it() -> None:
    """CASCADE is only said where there is something to go."""
    assert drop_sql(SCHEMA, Catalog.of([SCHEMA, TABLE])) == "DROP SCHEMA app CASCADE"
    assert drop_sql(SCHEMA, Catalog.of([SCHEMA])) == "DROP SCHEMA app"


@pytest.mark.parametrize(
    ("before", "after", "proposed"),
    [
        ("'a', 'b'", "'a'", ()),
        ("'a', 'b'", "'b', 'a'", ()),
        ("'b'", "'a', 'b'", ("ALTER TYPE app.e ADD VALUE 'a' BEFORE 'b'",)),
    ],
)
def test_an_enum_only_grows(before: str, after: str, proposed: tuple[str, ...]) -> None:
    """PostgreSQL takes no label away and moves none: then nothing is proposed."""
    old, new = Catalog.of([enum(before)]), Catalog.of([enum(after)])

    assert change_sql(only_change(old, new), old, new) == proposed


def test_the_order_of_columns_has_no_statement() -> None:
    """A column cannot be put in another place."""
    other = CatalogObject(TABLE.key, (("column order", "b, a"), ("owner", "me")))
    first = CatalogObject(TABLE.key, (("column order", "a, b"), ("owner", "me")))
    before, after = Catalog.of([first]), Catalog.of([other])

    changes = diff(before, after, column_order=True)
    assert changes != ()
    assert changes_sql(changes, before, after) == ()


def test_a_backslash_survives_in_a_comment() -> None:
    """A literal is the text that it stands for, whatever the server's settings are."""
    said = CatalogObject(TABLE.key, (*TABLE.facts, ("comment", "a\\b's")), parents=TABLE.parents)
    before, after = Catalog.of([TABLE]), Catalog.of([said])

    assert change_sql(only_change(before, after), before, after) == (
        "COMMENT ON TABLE app.t IS E'a\\\\b''s'",
    )
