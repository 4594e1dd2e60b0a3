"""Filling restores transactions, constraints and FORCE, and leaves other tables alone."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from alembic_deploy.connect import run_on
from alembic_proof.rows import FillReport, digest, fill, read_user_tables

from .conftest import count, execute_all, fill_tables


@pytest.mark.parametrize("table", ["t", '"{tag}"', '"{after} %"'])
def test_forced_row_level_security_does_not_keep_rows_out_and_stays(
    connection: sa.Connection, table: str
) -> None:
    """Rows are inserted despite the policies, and FORCE is set again afterwards."""
    outcome = fill_tables(
        connection,
        f"CREATE TABLE {table} (id integer PRIMARY KEY)",
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
    )

    assert outcome.report.not_filled == ()
    assert [one.rows for one in outcome.report.filled] == [3]
    assert read_user_tables(connection) == outcome.user_tables


def test_deferred_constraints_are_deferred_afterwards_as_before(connection: sa.Connection) -> None:
    """A later statement can rely on INITIALLY DEFERRED."""
    fill_tables(
        connection,
        "CREATE TABLE p (id integer PRIMARY KEY)",
        "CREATE TABLE t (p_id integer NOT NULL REFERENCES p DEFERRABLE INITIALLY DEFERRED)",
    )

    execute_all(
        connection,
        "INSERT INTO t VALUES (4711)",
        "INSERT INTO p VALUES (4711)",
        "SET CONSTRAINTS ALL IMMEDIATE",
        "ALTER TABLE t ADD COLUMN a integer",
    )
    assert count(connection, "t") == 4


def test_the_transaction_is_usable_after_failures(connection: sa.Connection) -> None:
    """A refused row is undone by itself."""
    outcome = fill_tables(connection, "CREATE TABLE t (a integer CHECK (false))")

    assert len(outcome.report.not_filled) == 1
    assert count(connection, "t") == 0


def test_no_transaction_is_needed(rows_database: str) -> None:
    """With autocommit all rows are stored but the refused ones."""

    def fill_one(connection: sa.Connection) -> tuple[FillReport, int]:
        execute_all(connection, "CREATE TABLE auto (id integer PRIMARY KEY CHECK (id <> 2))")
        report = fill(connection, read_user_tables(connection))
        stored = count(connection, "auto")
        execute_all(connection, "DROP TABLE auto")
        return report, stored

    report, stored = run_on(rows_database, fill_one, autocommit=True)

    assert (report.not_filled, stored) == ((), 3)


def test_names_that_need_quotes_are_quoted(connection: sa.Connection) -> None:
    """Schemas, tables, columns and constraints may have any name."""
    outcome = fill_tables(
        connection,
        'CREATE SCHEMA "a.b"',
        'CREATE TABLE "a.b"."T ""x""" ("i d" integer PRIMARY KEY, "select" text CHECK ("select" <> \'\'))',
        'CREATE TABLE t ("Ref" integer NOT NULL REFERENCES "a.b"."T ""x""", "%s" text, "a:b" text)',
    )

    outcome.assert_full()
    assert [one.rows for one in outcome.report.filled] == [3, 3]


def test_other_relations_and_alembics_table_are_left_alone(connection: sa.Connection) -> None:
    """Views, temporary tables and the version table get no rows."""
    outcome = fill_tables(
        connection,
        "CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)",
        "CREATE VIEW v AS SELECT 1 AS a",
        "CREATE TEMPORARY TABLE gone (a integer)",
        "CREATE TABLE t (a integer)",
    )

    assert [table.name for table in outcome.user_tables] == ["public.t"]


def test_a_table_without_columns_has_rows_that_are_counted(connection: sa.Connection) -> None:
    """Such rows are counted; where a trigger refuses them, that is reported."""
    refused = "CREATE TRIGGER no BEFORE INSERT ON u FOR EACH ROW EXECUTE FUNCTION no()"

    outcome = fill_tables(
        connection,
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


def test_rows_without_columns_are_digested(connection: sa.Connection) -> None:
    """Their number is known, digested one by one and as a sum."""
    user_tables = fill_tables(connection, "CREATE TABLE t ()").user_tables

    few, many = digest(connection, user_tables), digest(connection, user_tables, few_rows=2)

    assert [table.count for table in (*few.tables, *many.tables)] == [3, 3]
