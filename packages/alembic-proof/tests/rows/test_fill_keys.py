"""Rows satisfy unique constraints, exclusion constraints and unique indexes."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from .conftest import fill_tables

KEYS = (
    ("a integer PRIMARY KEY"),
    ("a boolean NOT NULL, b text NOT NULL, UNIQUE (a, b)"),
    ("a varchar(1) NOT NULL UNIQUE"),
    ("a text UNIQUE NULLS NOT DISTINCT"),
    ("a integer, b integer, UNIQUE NULLS NOT DISTINCT (a, b)"),
    ("a uuid DEFAULT gen_random_uuid() PRIMARY KEY, b text UNIQUE DEFERRABLE INITIALLY DEFERRED"),
    ("a int4range NOT NULL, EXCLUDE USING gist (a WITH &&)"),
    ("a timestamptz NOT NULL, b timestamptz NOT NULL, CHECK (a < b),"
     " EXCLUDE USING gist (tstzrange(a, b) WITH &&)"),
    ("a date NOT NULL, b date NOT NULL, EXCLUDE USING gist (daterange(a, b, '[]') WITH &&)"),
    ("a box NOT NULL, EXCLUDE USING gist (a WITH &&)"),
)  # fmt: skip


@pytest.mark.parametrize("columns", KEYS)
def test_keys_and_exclusion_constraints_get_different_values(
    connection: sa.Connection, columns: str
) -> None:
    """No two of seven rows collide."""
    outcome = fill_tables(connection, f"CREATE TABLE t ({columns})", rows=7)

    outcome.assert_full(rows=7)


def test_exclusion_over_a_room_and_a_time_is_satisfied(connection: sa.Connection) -> None:
    """Columns may be equal where the ranges do not overlap."""
    outcome = fill_tables(
        connection,
        "CREATE EXTENSION btree_gist",
        "CREATE TABLE room (id integer PRIMARY KEY)",
        "CREATE TABLE t (room integer NOT NULL REFERENCES room, during tstzrange NOT NULL,"
        " EXCLUDE USING gist (room WITH =, during WITH &&))",
    )

    outcome.assert_full("room", "t")


def test_partial_and_expression_indexes_are_satisfied(connection: sa.Connection) -> None:
    """One unique index is on lower(a), others contain only some rows."""
    outcome = fill_tables(
        connection,
        "CREATE TABLE t (a text NOT NULL, b integer NOT NULL, gone_at timestamptz)",
        "CREATE UNIQUE INDEX ON t (lower(a))",
        "CREATE UNIQUE INDEX ON t (b) WHERE gone_at IS NULL",
        "CREATE UNIQUE INDEX ON t ((b > 0)) WHERE gone_at > '3000-01-01'",
    )

    outcome.assert_full()


def test_a_key_with_fewer_values_than_rows_gets_as_many_rows_as_it_can(
    connection: sa.Connection,
) -> None:
    """A note counts the rows that were refused."""
    outcome = fill_tables(connection, "CREATE TABLE t (a boolean PRIMARY KEY)")

    assert len(outcome.rows()) == 2
    assert "1 of 3 rows refused: duplicate key" in str(outcome.report.notes[0])
