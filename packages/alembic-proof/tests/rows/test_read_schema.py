"""Tables, columns, types and constraints are read from the catalog."""

from __future__ import annotations

from collections.abc import Collection

import pytest
import sqlalchemy as sa

from alembic_proof.rows import TableName, UserTables, read_user_tables
from alembic_proof.rows.schema import DefaultKind, TypeKind

from .conftest import execute_all


def create_and_read(
    connection: sa.Connection,
    *ddl: str,
    version_table: str = "alembic_version",
    version_schema: str | None = None,
    tables: Collection[TableName] | None = None,
) -> UserTables:
    """Return the tables of an empty database after this DDL."""
    connection.rollback()
    execute_all(connection, *ddl)
    return read_user_tables(
        connection, version_table=version_table, version_schema=version_schema, tables=tables
    )


DEFAULTS = (
    ("integer", DefaultKind.NONE),
    ("integer DEFAULT 1", DefaultKind.CONSTANT),
    ("text DEFAULT lower('A')", DefaultKind.CONSTANT),
    ("jsonb DEFAULT '{}'", DefaultKind.CONSTANT),
    ("timestamptz DEFAULT now()", DefaultKind.VOLATILE),
    ("timestamptz DEFAULT CURRENT_TIMESTAMP", DefaultKind.VOLATILE),
    ("date DEFAULT (now() AT TIME ZONE 'utc')::date", DefaultKind.VOLATILE),
    ("uuid DEFAULT gen_random_uuid()", DefaultKind.VOLATILE),
    ("text DEFAULT CURRENT_USER", DefaultKind.VOLATILE),
    ("double precision DEFAULT random() * 2", DefaultKind.VOLATILE),
    ("serial", DefaultKind.SEQUENCE),
    ("integer GENERATED ALWAYS AS IDENTITY", DefaultKind.SEQUENCE),
)


@pytest.mark.parametrize(("column", "kind"), DEFAULTS)
def test_a_default_is_constant_volatile_or_a_sequence(
    connection: sa.Connection, column: str, kind: DefaultKind
) -> None:
    """Defaults that differ in each row are distinguished from constants."""
    (table,) = create_and_read(connection, f"CREATE TABLE t (a {column})")

    assert table.columns[0].default_kind is kind


def test_types_are_read_down_to_postgresqls_own(connection: sa.Connection) -> None:
    """Through arrays and domains of domains, with their modifiers."""
    (table,) = create_and_read(
        connection,
        "CREATE DOMAIN short AS varchar(5) CHECK (VALUE <> '')",
        "CREATE DOMAIN shorter AS short NOT NULL",
        "CREATE TABLE t (a shorter[])",
    )

    array = table.columns[0].type
    assert array.kind is TypeKind.ARRAY
    assert array.part is not None
    assert [domain.name for domain in array.part.domains] == ["shorter", "short"]
    assert (array.part.base.name, array.part.base.modifier) == ("varchar", 9)


def test_chosen_tables_are_read_completely(connection: sa.Connection) -> None:
    """Referenced tables are left out: they would be read without their own foreign keys.

    A partition stands for its topmost table.
    """
    ddl = (
        "CREATE TABLE g (id integer PRIMARY KEY)",
        "CREATE TABLE p (id integer PRIMARY KEY REFERENCES g) PARTITION BY LIST (id)",
        "CREATE TABLE p1 PARTITION OF p DEFAULT",
        "CREATE TABLE t (p_id integer REFERENCES p)",
        "CREATE TABLE other (a integer)",
    )
    names = [TableName("public.t"), TableName("public.missing")]

    some = create_and_read(connection, *ddl, tables=names)
    part = create_and_read(connection, *ddl, tables=[TableName("public.p1")])
    every = create_and_read(connection, *ddl)

    assert [table.name for table in some] == ["public.t"]
    assert [table.name for table in part] == ["public.p"]
    assert [table.name for table in every] == ["public.g", "public.other", "public.p", "public.t"]
    assert every.with_tables(part) == every
    assert all(every.find(table.name) == table for table in some)
    assert every.with_tables(some) == every
    assert every.with_tables(some, gone=names).find(names[0]) is None
    assert every.find(TableName("public.p1")) == every.find(TableName("public.p"))


def test_the_version_table_is_left_out_by_its_name(connection: sa.Connection) -> None:
    """A table of that name is a user table where the version table has another name."""
    ddl = ("CREATE TABLE alembic_version (a integer)", "CREATE TABLE mine (a integer)")

    assert [t.name for t in create_and_read(connection, *ddl)] == ["public.mine"]
    assert [t.name for t in create_and_read(connection, *ddl, version_table="mine")] == [
        "public.alembic_version"
    ]
    assert len(create_and_read(connection, *ddl, version_schema="elsewhere").tables) == 2


def test_virtual_generated_columns_are_generated(connection: sa.Connection) -> None:
    """Like stored ones they are not written."""
    if int((connection.dialect.server_version_info or (0,))[0]) < 18:
        pytest.skip("PostgreSQL 18 has the first virtual generated columns")

    ddl = "CREATE TABLE t (a integer, b integer GENERATED ALWAYS AS (a))"
    (table,) = create_and_read(connection, ddl)

    assert [column.is_generated for column in table.columns] == [False, True]


def test_equal_schemas_are_read_equally(connection: sa.Connection) -> None:
    """Neither OIDs nor the order in which tables were created matter."""
    one, other = "CREATE TABLE a (x integer CHECK (x > 1))", "CREATE TABLE b (y text UNIQUE)"

    assert create_and_read(connection, one, other) == create_and_read(connection, other, one)
    assert create_and_read(connection, one, other) != create_and_read(connection, one)
