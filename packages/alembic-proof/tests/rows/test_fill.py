"""What filling leaves as it was: transactions, settings, and tables that are not its own."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from alembic_proof.postgres.connect import run_on
from alembic_proof.rows import digest, fill, read_shapes
from alembic_proof.rows.run import execute


@pytest.mark.parametrize("table", ["t", '"{tag}"', '"{after} %"'])
def test_forced_row_level_security_does_not_keep_rows_out_and_stays(
    sandbox: Any, table: str
) -> None:
    """The owner's rows are written past the policies; the table is forced afterwards as before."""

    def work(connection: sa.Connection) -> tuple[Any, ...]:
        execute(connection, f"CREATE TABLE {table} (id integer PRIMARY KEY)")
        execute(connection, f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        execute(connection, f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        shapes = read_shapes(connection)
        report = fill(connection, shapes)
        again = read_shapes(connection)
        return report.not_filled, [one.rows for one in report.filled], again == shapes

    assert sandbox.run(work) == ((), [3], True)


def test_deferred_constraints_are_deferred_afterwards_as_before(sandbox: Any) -> None:
    """A revision that relies on INITIALLY DEFERRED still can."""

    def work(connection: sa.Connection) -> int:
        connection.exec_driver_sql("CREATE TABLE p (id integer PRIMARY KEY)")
        connection.exec_driver_sql(
            "CREATE TABLE t (p_id integer NOT NULL REFERENCES p DEFERRABLE INITIALLY DEFERRED)"
        )
        fill(connection, read_shapes(connection))
        connection.exec_driver_sql("INSERT INTO t VALUES (4711)")
        connection.exec_driver_sql("INSERT INTO p VALUES (4711)")
        connection.exec_driver_sql("SET CONSTRAINTS ALL IMMEDIATE")
        connection.exec_driver_sql("ALTER TABLE t ADD COLUMN a integer")
        return int(connection.exec_driver_sql("SELECT count(*) FROM t").scalar_one())

    assert sandbox.run(work) == 4


def test_the_transaction_is_usable_after_failures(sandbox: Any) -> None:
    """A refused row undoes itself alone."""

    def work(connection: sa.Connection) -> int:
        connection.exec_driver_sql("CREATE TABLE t (a integer CHECK (false))")
        fill(connection, read_shapes(connection))
        return int(connection.exec_driver_sql("SELECT 1").scalar_one())

    assert sandbox.run(work) == 1


def test_no_transaction_is_needed(rows_database: str) -> None:
    """With autocommit the rows are there, the refused ones are not, and nothing is left open."""

    def work(connection: sa.Connection) -> tuple[Any, ...]:
        connection.exec_driver_sql("CREATE TABLE auto (id integer PRIMARY KEY CHECK (id <> 2))")
        report = fill(connection, read_shapes(connection))
        count = connection.exec_driver_sql("SELECT count(*) FROM auto").scalar_one()
        connection.exec_driver_sql("DROP TABLE auto")
        return report.not_filled, count

    assert run_on(rows_database, work, autocommit=True) == ((), 3)


def test_names_that_need_quotes_are_quoted(sandbox: Any) -> None:
    """Schemas, tables, columns and constraints may be called anything."""
    outcome = sandbox.fill(
        'CREATE SCHEMA "a.b"',
        'CREATE TABLE "a.b"."T ""x""" ("i d" integer PRIMARY KEY, "select" text CHECK ("select" <> \'\'))',
        'CREATE TABLE t ("Ref" integer NOT NULL REFERENCES "a.b"."T ""x""", "%s" text, "a:b" text)',
    )

    outcome.assert_full()
    assert [one.rows for one in outcome.report.filled] == [3, 3]


def test_tables_of_extensions_and_alembics_own_are_left_alone(sandbox: Any) -> None:
    """Nobody's migrations own them."""
    outcome = sandbox.fill(
        "CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)",
        "CREATE VIEW v AS SELECT 1 AS a",
        "CREATE TEMPORARY TABLE gone (a integer)",
        "CREATE TABLE t (a integer)",
    )

    assert [table.name for table in outcome.shapes] == ["public.t"]


def test_a_table_without_columns_has_rows_that_are_counted(sandbox: Any) -> None:
    """A row of nothing is a row; another one may refuse it, and then it is said."""
    refused = "CREATE TRIGGER no BEFORE INSERT ON u FOR EACH ROW EXECUTE FUNCTION no()"

    outcome = sandbox.fill(
        "CREATE TABLE t ()",
        "CREATE TABLE u ()",
        "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql"
        " AS $$ BEGIN RAISE EXCEPTION 'not today'; END $$",
        refused,
    )

    assert outcome.rows() == [{}, {}, {}]
    assert [str(one) for one in outcome.report.not_filled] == [
        "u: not filled: not today (SQLSTATE P0001)"
    ]


def test_rows_without_columns_are_digested(sandbox: Any) -> None:
    """One by one, and as a sum where there are many: how many there are is what they say."""

    def work(connection: sa.Connection) -> list[int]:
        connection.exec_driver_sql("CREATE TABLE t ()")
        shapes = read_shapes(connection)
        fill(connection, shapes)
        few, many = digest(connection, shapes), digest(connection, shapes, few_rows=2)
        return [table.count for table in (*few.tables, *many.tables)]

    assert sandbox.run(work) == [3, 3]
