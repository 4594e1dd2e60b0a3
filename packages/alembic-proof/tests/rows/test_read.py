"""What is read of a schema."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from alembic_proof.rows import Shapes, TableName, read_shapes
from alembic_proof.rows.shape import DefaultKind, Family


def shapes(sandbox: Any, *ddl: str, **options: Any) -> Shapes:
    """The shapes of what the DDL makes."""

    def work(connection: sa.Connection) -> Shapes:
        for statement in ddl:
            connection.exec_driver_sql(statement)
        return read_shapes(connection, **options)

    found = sandbox.run(work)
    assert isinstance(found, Shapes)
    return found


DEFAULTS = (
    ("integer", DefaultKind.NONE),
    ("integer DEFAULT 1", DefaultKind.CONSTANT),
    ("text DEFAULT lower('A')", DefaultKind.CONSTANT),
    ("jsonb DEFAULT '{}'", DefaultKind.CONSTANT),
    ("timestamptz DEFAULT now()", DefaultKind.ANEW),
    ("timestamptz DEFAULT CURRENT_TIMESTAMP", DefaultKind.ANEW),
    ("date DEFAULT (now() AT TIME ZONE 'utc')::date", DefaultKind.ANEW),
    ("uuid DEFAULT gen_random_uuid()", DefaultKind.ANEW),
    ("text DEFAULT CURRENT_USER", DefaultKind.ANEW),
    ("double precision DEFAULT random() * 2", DefaultKind.ANEW),
    ("serial", DefaultKind.SEQUENCE),
    ("integer GENERATED ALWAYS AS IDENTITY", DefaultKind.SEQUENCE),
)


@pytest.mark.parametrize(("column", "kind"), DEFAULTS)
def test_a_default_is_constant_or_made_anew_or_a_number(
    sandbox: Any, column: str, kind: DefaultKind
) -> None:
    """What an upgrade makes anew in each run can be told from what it keeps."""
    (table,) = shapes(sandbox, f"CREATE TABLE t (a {column})")

    assert table.columns[0].default_kind is kind


def test_types_are_taken_apart_down_to_what_postgresql_defines(sandbox: Any) -> None:
    """Domains over domains, arrays of them, modifiers on the way."""
    (table,) = shapes(
        sandbox,
        "CREATE DOMAIN short AS varchar(5) CHECK (VALUE <> '')",
        "CREATE DOMAIN shorter AS short NOT NULL",
        "CREATE TABLE t (a shorter[])",
    )

    array = table.columns[0].type
    assert array.family is Family.ARRAY
    assert array.part is not None
    assert [domain.name for domain in array.part.domains] == ["shorter", "short"]
    assert (array.part.base.name, array.part.base.modifier) == ("varchar", 9)


def test_tables_may_be_chosen_and_come_whole(sandbox: Any) -> None:
    """A revision that touched one table needs no more, and what it refers to stays as it is known.

    That one would come without the tables that it refers to itself. A partition is its table.
    """
    ddl = (
        "CREATE TABLE g (id integer PRIMARY KEY)",
        "CREATE TABLE p (id integer PRIMARY KEY REFERENCES g) PARTITION BY LIST (id)",
        "CREATE TABLE p1 PARTITION OF p DEFAULT",
        "CREATE TABLE t (p_id integer REFERENCES p)",
        "CREATE TABLE other (a integer)",
    )
    names = [TableName("public.t"), TableName("public.missing")]

    some = shapes(sandbox, *ddl, tables=names)
    part = shapes(sandbox, *ddl, tables=[TableName("public.p1")])
    every = shapes(sandbox, *ddl)

    assert [table.name for table in some] == ["public.t"]
    assert [table.name for table in part] == ["public.p"]
    assert [table.name for table in every] == ["public.g", "public.other", "public.p", "public.t"]
    assert every.replaced(part) == every
    assert all(every.find(table.name) == table for table in some)
    assert every.replaced(some) == every
    assert every.replaced(some, gone=names).find(names[0]) is None
    assert every.find(TableName("public.p1")) == every.find(TableName("public.p"))


def test_the_version_table_is_left_out_by_its_name(sandbox: Any) -> None:
    """Under another name it is a table as any other."""
    ddl = ("CREATE TABLE alembic_version (a integer)", "CREATE TABLE mine (a integer)")

    assert [t.name for t in shapes(sandbox, *ddl)] == ["public.mine"]
    assert [t.name for t in shapes(sandbox, *ddl, version_table="mine")] == [
        "public.alembic_version"
    ]
    assert len(shapes(sandbox, *ddl, version_schema="elsewhere").tables) == 2


def test_virtual_generated_columns_are_no_columns_to_write(sandbox: Any) -> None:
    """As stored ones."""

    def work(connection: sa.Connection) -> tuple[bool, ...] | None:
        if int((connection.dialect.server_version_info or (0,))[0]) < 18:
            return None
        connection.exec_driver_sql("CREATE TABLE t (a integer, b integer GENERATED ALWAYS AS (a))")
        (table,) = read_shapes(connection)
        return tuple(column.is_generated for column in table.columns)

    assert sandbox.run(work) in (None, (False, True))


def test_equal_schemas_have_equal_shapes(sandbox: Any) -> None:
    """OIDs play no part, nor does the order in which tables were made."""
    one, other = "CREATE TABLE a (x integer CHECK (x > 1))", "CREATE TABLE b (y text UNIQUE)"

    assert shapes(sandbox, one, other) == shapes(sandbox, other, one)
    assert shapes(sandbox, one, other) != shapes(sandbox, one)
