"""Rows satisfy CHECK constraints with values, not only with NULL."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from .conftest import fill_tables

CHECKS = (
    ("a text CHECK (a IN ('x', 'y'))"),
    ("a varchar(9) CHECK (a = ANY (ARRAY['x', 'y']))"),
    ("a text CHECK (char_length(a) BETWEEN 5 AND 7)"),
    ("a text CHECK (length(trim(a)) > 0)"),
    ("a text CHECK (a <> '')"),
    ("a text CHECK (octet_length(a) <= 3)"),
    ("a text CHECK (a = upper(a))"),
    ("a text CHECK (a = lower(a) AND a !~ '\\s')"),
    ("a text CHECK (a ~ '^[a-z0-9]+(-[a-z0-9]+)*$' AND length(a) <= 20)"),
    ("a text CHECK (a ~* '^[^@]+@[^@]+\\.[a-z]{2,}$')"),
    ("a text CHECK (a LIKE 'https://%')"),
    ("a text CHECK (a SIMILAR TO '(a|b)[0-9]{2}')"),
    ("a text CHECK (position('@' in a) > 1)"),
    ("a text CHECK (starts_with(a, 'sk-'))"),
    ("a text CHECK (a ~ '^\\+[1-9]\\d{6,14}$')"),
    ("a text CHECK (a ~ '^#[0-9a-fA-F]{6}$')"),
    ("a char(3) CHECK (a ~ '^[A-Z]{3}$')"),
    ("a text COLLATE \"C\" CHECK (a >= 'm')"),
    ("a integer CHECK (a BETWEEN 10 AND 20)"),
    ("a integer CHECK (a > 0 AND a <> 1)"),
    ("a smallint CHECK (a < -5)"),
    ("a integer CHECK (a NOT IN (1, 2, 3))"),
    ("a integer CHECK (a = 7)"),
    ("a integer NOT NULL CHECK (a % 5 = 0)"),
    ("a numeric(5,2) CHECK (a >= 0 AND a <= 1)"),
    ("a numeric CHECK (a > 0.5 AND a < 0.6)"),
    ("a double precision CHECK (a BETWEEN -90 AND 90)"),
    ("a bigint CHECK (a <@ int8range(100, 110))"),
    ("a date CHECK (a > '2030-01-01')"),
    ("a timestamptz CHECK (a BETWEEN '2024-01-01' AND '2024-01-02')"),
    ("a timestamptz CHECK (a > now())"),
    ("a date CHECK (a <= CURRENT_DATE)"),
    ("a date CHECK (extract(year FROM a) >= 2050)"),
    ("a jsonb CHECK (jsonb_typeof(a) = 'array')"),
    ("a jsonb CHECK (jsonb_typeof(a) = 'array' AND jsonb_array_length(a) > 2)"),
    ("a jsonb CHECK (a ? 'kind' AND a ->> 'kind' IN ('x', 'y'))"),
    ("a jsonb CHECK (a ->> 'kind' IS NOT NULL)"),
    ("a text[] CHECK (cardinality(a) BETWEEN 1 AND 3)"),
    ("a text[] CHECK (a <@ ARRAY['x', 'y', 'z'])"),
    ("a int4range CHECK (NOT isempty(a))"),
    ("a boolean CHECK (a)"),
    ("a boolean CHECK (a IS NOT TRUE)"),
    ("a uuid CHECK (a <> '00000000-0000-0000-0000-000000000000')"),
    ("a inet CHECK (family(a) = 4)"),
    ("a bytea CHECK (octet_length(a) = 16)"),
)


@pytest.mark.parametrize("column", CHECKS)
def test_checks_on_one_column_are_satisfied_by_values(
    connection: sa.Connection, column: str
) -> None:
    """NULL satisfies each CHECK; there is a value as well, also in a NOT NULL column."""
    name_and_type, check = column.split(" CHECK ", 1)

    outcome = fill_tables(
        connection,
        f"CREATE TABLE t ({name_and_type} NOT NULL CHECK {check}, n integer)",
        f"CREATE TABLE nullable ({column}, n integer)",
    )

    outcome.assert_full("t", "nullable")
    assert any(value is not None for value in outcome.values("a", "nullable"))


COLUMNS_TOGETHER = (
    ("a date NOT NULL, b date NOT NULL, c date NOT NULL, CHECK (a < b), CHECK (c > b)"),
    ("a integer NOT NULL, b integer NOT NULL, CHECK (a >= b), CHECK (b >= 10)"),
    ("a text, b text, CHECK (num_nonnulls(a, b) = 1)"),
    ("a text, b integer, CHECK ((a IS NULL) <> (b IS NULL))"),
    ("a text, b integer, CHECK ((a IS NULL) = (b IS NULL))"),
    ("a text, b text, c text, CHECK (a IS NOT NULL OR (b IS NOT NULL AND c IS NOT NULL))"),
    ("a text, b text, CHECK ((a IS NOT NULL)::int + (b IS NOT NULL)::int = 1)"),
    ("a text NOT NULL CHECK (a IN ('open', 'done')), b timestamptz,"
     " CHECK (a <> 'done' OR b IS NOT NULL)"),
    ("a text NOT NULL, b integer, CHECK (CASE WHEN a = 'x' THEN b IS NOT NULL ELSE b IS NULL END)"),
    ("a text NOT NULL, b integer, CHECK (CASE a WHEN 'x' THEN b > 1 WHEN 'y' THEN b < 0 ELSE false END)"),
    ("a text NOT NULL, b integer, CHECK ((a = 'x' AND b = 1) OR (a = 'y' AND b > 5))"),
    ("a time NOT NULL CHECK (a BETWEEN '08:00' AND '18:00'), b time CHECK (b < time '00:30')"),
    ("a timetz NOT NULL, b time NOT NULL CHECK (b > '23:59:58')"),
    ("a interval NOT NULL CHECK (a > interval '1 hour' AND a <= interval '8 hours')"),
    ("a interval CHECK (a < interval '0'), b interval NOT NULL CHECK (b >= interval '2 days 01:00')"),
    ("a integer NOT NULL, b integer NOT NULL, CHECK (a = b)"),
    ("a integer NOT NULL, b integer NOT NULL, CHECK (a <> b)"),
)  # fmt: skip


@pytest.mark.parametrize("columns", COLUMNS_TOGETHER)
def test_checks_on_several_columns_are_satisfied(connection: sa.Connection, columns: str) -> None:
    """Each column has a value in some row."""
    outcome = fill_tables(connection, f"CREATE TABLE t ({columns})")

    outcome.assert_full()


def test_a_check_that_cannot_be_read_is_satisfied_by_guessing(connection: sa.Connection) -> None:
    """Common texts are tried."""
    outcome = fill_tables(
        connection,
        "CREATE FUNCTION is_email(a text) RETURNS boolean LANGUAGE sql IMMUTABLE"
        " AS $$ SELECT a ~ '^[^@]+@[^@]+$' $$",
        "CREATE TABLE t (a text NOT NULL CHECK (is_email(a)))",
    )

    outcome.assert_full()
