"""Digests are equal for equal rows in any order, and each difference is described."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import sqlalchemy as sa

from alembic_proof.rows import (
    TableName,
    compare,
    digest,
    read_user_tables,
    with_normalised_values,
)
from alembic_proof.rows.savepoint_batch import execute
from alembic_proof.sql import quote_literal

from .conftest import execute_all

USERS = (
    "CREATE TABLE users (id integer PRIMARY KEY, name text, legacy_id integer)",
    "INSERT INTO users VALUES (1, 'a', 10), (2, 'b', 20), (3, NULL, 30)",
)
EVENTS = (
    "CREATE TABLE events (what text, n integer)",
    "INSERT INTO events VALUES ('a', 1), ('a', 1), ('b', NULL)",
)


def changes(
    connection: sa.Connection, ddl: Sequence[str], *steps: str, few_rows: int = 100
) -> list[str]:
    """Return the changes of rows that the steps make in a database with these tables."""
    connection.rollback()
    execute_all(connection, *ddl)
    before = digest(connection, read_user_tables(connection), few_rows=few_rows)
    execute_all(connection, *steps)
    after = digest(connection, read_user_tables(connection), few_rows=few_rows)
    return [str(change) for change in compare(before, after)]


CHANGES: tuple[tuple[str, list[str]], ...] = (
    ("ALTER TABLE users DROP COLUMN legacy_id", ["users.legacy_id: 3 of 3 values gone"]),
    (
        "UPDATE users SET legacy_id = NULL",
        ["users.legacy_id: 3 of 3 values gone (id=1; id=2; id=3)"],
    ),
    ("UPDATE users SET name = NULL WHERE id = 1", ["users.name: 1 of 2 values gone (id=1)"]),
    ("UPDATE users SET name = 'z' WHERE id = 1", ["users.name: 1 of 2 values changed (id=1)"]),
    ("UPDATE users SET name = '' WHERE id = 3", ["users.name: 1 of 3 values new (id=3)"]),
    ("DELETE FROM users WHERE id > 1", ["users: 2 of 3 rows gone (id=2; id=3)"]),
    ("INSERT INTO users VALUES (4)", ["users: 1 of 4 rows new (id=4)"]),
    (
        "UPDATE users SET id = 9 WHERE id = 1",
        ["users: 1 of 3 rows gone (id=1)", "users: 1 of 3 rows new (id=9)"],
    ),
    ("DROP TABLE users", ["users: 3 of 3 rows gone"]),
    ("ALTER TABLE users ADD COLUMN a integer DEFAULT 1", ["users.a: 3 of 3 values new"]),
    ("ALTER TABLE users ADD COLUMN a integer", []),
    (
        "UPDATE users SET name = x.name FROM users x WHERE x.id = 3 - users.id",
        ["users.name: 2 of 2 values changed (id=1; id=2)"],
    ),
    ("ALTER TABLE users ALTER legacy_id TYPE bigint", []),
    (
        "ALTER TABLE users ALTER legacy_id TYPE numeric(9, 1)",
        ["users.legacy_id: 3 of 3 values changed (id=1; id=2; id=3)"],
    ),
    ("CREATE TABLE t AS SELECT 1 AS a", ["t: 1 of 1 rows new"]),
    ("CREATE TABLE t (a integer)", []),
)


@pytest.mark.parametrize(("step", "expected"), CHANGES)
def test_a_change_of_rows_with_a_primary_key_is_named(
    connection: sa.Connection, step: str, expected: list[str]
) -> None:
    """Gone, changed and new values are distinguished, and the rows are named by their keys."""
    assert changes(connection, USERS, step) == expected


UNKEYED = (
    ("DELETE FROM events WHERE what = 'b'", ["events: 1 of 3 rows gone"]),
    (
        "DELETE FROM events WHERE ctid = (SELECT min(ctid) FROM events)",
        ["events: 1 of 3 rows gone"],
    ),
    ("INSERT INTO events VALUES ('a', 1)", ["events: 1 of 4 rows new"]),
    ("UPDATE events SET n = NULL", ["events.n: 2 of 2 values gone"]),
    ("UPDATE events SET n = 0 WHERE n IS NULL", ["events.n: 1 of 3 values new"]),
    ("UPDATE events SET what = 'c' WHERE what = 'b'", ["events.what: 1 of 3 values changed"]),
    ("ALTER TABLE events DROP COLUMN n", ["events.n: 2 of 2 values gone"]),
    (
        "UPDATE events SET what = CASE n WHEN 1 THEN 'b' ELSE 'a' END",
        ["events.what: 1 of 3 values changed"],
    ),
)


@pytest.mark.parametrize(("step", "expected"), UNKEYED)
def test_a_change_of_rows_without_a_primary_key_is_named(
    connection: sa.Connection, step: str, expected: list[str]
) -> None:
    """Duplicates are counted; where the number of rows stays, the columns are named."""
    assert changes(connection, EVENTS, step) == expected


def test_values_that_swap_rows_without_a_primary_key_are_seen(connection: sa.Connection) -> None:
    """Each column has the same values as before, but in other rows."""
    ddl = ("CREATE TABLE t (a text, b text)", "INSERT INTO t VALUES ('1', 'x'), ('2', 'y')")

    found = changes(connection, ddl, "UPDATE t SET a = CASE a WHEN '1' THEN '2' ELSE '1' END")

    assert found == ["t: 2 of 2 rows gone", "t: 2 of 2 rows new"]


def test_order_does_not_matter(connection: sa.Connection) -> None:
    """A table that is written again in another order has the same rows."""
    for ddl, table in ((USERS, "users"), (EVENTS, "events")):
        steps = (
            f"CREATE TEMPORARY TABLE kept AS SELECT * FROM {table}",
            f"TRUNCATE {table}",
            f"INSERT INTO {table} SELECT * FROM kept ORDER BY 1 DESC, 2 DESC",
        )
        assert changes(connection, ddl, *steps) == []
        assert changes(connection, ddl, *steps, few_rows=1) == []


LARGE = (
    ("DELETE FROM users WHERE id > 1", ["users: 2 of 3 rows gone"]),
    ("UPDATE users SET legacy_id = NULL", ["users.legacy_id: 3 of 3 values gone"]),
    ("UPDATE users SET name = 'z' WHERE id = 1", ["users.name: some values changed"]),
    ("UPDATE users SET name = '' WHERE id = 3", ["users.name: 1 of 3 values new"]),
    ("ALTER TABLE users DROP COLUMN legacy_id", ["users.legacy_id: 3 of 3 values gone"]),
    ("INSERT INTO users VALUES (4)", ["users: 1 of 4 rows new"]),
)


@pytest.mark.parametrize(("step", "expected"), LARGE)
def test_a_change_of_many_rows_is_seen_by_the_sums(
    connection: sa.Connection, step: str, expected: list[str]
) -> None:
    """It is known that values changed, not how many."""
    assert changes(connection, USERS, step, few_rows=2) == expected


def test_two_equal_values_do_not_cancel_each_other_out(connection: sa.Connection) -> None:
    """A sum counts duplicates, which an exclusive or would not."""
    ddl = ("CREATE TABLE t (a text)", "INSERT INTO t VALUES ('x'), ('x'), ('y'), ('y')")

    assert changes(connection, ddl, "UPDATE t SET a = 'z'", few_rows=2) == [
        "t.a: some values changed"
    ]


SETTINGS = (
    "SET DateStyle = 'German'", "SET TimeZone = 'Asia/Tokyo'", "SET extra_float_digits = -5",
    "SET bytea_output = 'escape'", "SET IntervalStyle = 'iso_8601'", "SET search_path = pg_catalog",
)  # fmt: skip


def test_the_sessions_settings_do_not_matter_and_stay(connection: sa.Connection) -> None:
    """Equal values have equal digests in each session, and the session keeps its settings."""
    ddl = (
        "CREATE TABLE t (a date, b timestamptz, c float8, d bytea, e interval, f regclass)",
        (
            "INSERT INTO t VALUES ('2024-02-03', '2024-02-03 04:05+00', 0.1 + 0.2, '\\x00ff', '1 day 2 h',"
            " 't')"
        ),
    )

    assert changes(connection, ddl, *SETTINGS) == []

    assert execute(connection, "SHOW TimeZone").scalar_one() == "Asia/Tokyo"


def test_a_float_is_digested_to_its_last_bit(connection: sa.Connection) -> None:
    """Two neighbouring numbers have different digests."""
    ddl = ("CREATE TABLE t (id integer PRIMARY KEY, a float8)", "INSERT INTO t VALUES (1, 0.3)")

    assert changes(connection, ddl, "UPDATE t SET a = 0.1::float8 + 0.2::float8") == [
        "t.a: 1 of 1 values changed (id=1)"
    ]


def test_forced_row_level_security_hides_no_row_and_stays(connection: sa.Connection) -> None:
    """The owner reads all rows, and FORCE is set again afterwards."""
    forced = (
        "ALTER TABLE users ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE users FORCE ROW LEVEL SECURITY",
    )

    assert changes(connection, USERS, *forced) == []
    assert changes(connection, (*USERS, *forced), *forced) == []


def test_a_table_that_cannot_be_read_is_a_change_of_its_own(connection: sa.Connection) -> None:
    """A table that cannot be compared is never equal."""
    ddl = (*USERS, "CREATE TABLE t (a integer)", "REVOKE ALL ON t FROM CURRENT_USER")

    (found,) = changes(connection, ddl)

    assert found.startswith("t: not read: permission denied for table t")


def test_tables_may_be_chosen(connection: sa.Connection) -> None:
    """Only the chosen tables are read."""
    execute_all(connection, *USERS, *EVENTS)
    user_tables = read_user_tables(connection)

    found = digest(connection, user_tables, tables=[TableName("public.users")])

    assert [table.table for table in found.tables] == ["public.users"]


SAME = (
    ('{"b": 1, "aa": 2}', '{"aa":2,"b":1}'),
    ('{"a": 1, "a": 2}', '{"a": 2}'),
    ("[1.50, 2.0, 100, 0.10]", "[1.5, 2, 1e2, 0.1]"),
    ('"\\u00e9"', '"é"'),
)
OTHER = (
    ("[1, 2]", "[2, 1]"),
    ("[[1, 2]]", "[[1], 2]"),
    ('{"a": 1}', '{"a": "1"}'),
    ('{"a": null}', "{}"),
    ('"1.50"', '"1.5"'),
    ("1.05", "1.5"),
    ("10", "1"),
    ('"a b"', '"ab"'),
    ("null", None),
)
REFUSED = '{"b": "\\u0000", "a": 1}'


def differences(
    connection: sa.Connection,
    one: str | None,
    other: str | None,
    *,
    types: tuple[str, str] = ("json", "json"),
) -> tuple[bool, bool]:
    """Return whether the two values differ in their text, and after normalisation."""
    snapshots = []
    connection.rollback()
    execute_all(connection, "CREATE TYPE pair AS (number numeric, name text)")
    for value, type_ in zip((one, other), types, strict=True):
        text = "NULL" if value is None else quote_literal(value)
        execute_all(
            connection,
            f"CREATE TABLE t (id integer PRIMARY KEY, a {type_})",
            f"INSERT INTO t VALUES (1, {text}::{type_})",
        )
        snapshots.append(digest(connection, read_user_tables(connection)))
        execute_all(connection, "DROP TABLE t")
    normalised = with_normalised_values(*snapshots)
    return bool(compare(*snapshots)), bool(compare(*normalised))


@pytest.mark.parametrize(("one", "other"), SAME)
def test_json_in_another_format_is_equal(connection: sa.Connection, one: str, other: str) -> None:
    """Values that are equal as jsonb are equal after normalisation."""
    assert differences(connection, one, other) == (True, False)


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_other_json_differs(connection: sa.Connection, one: str, other: str | None) -> None:
    """Values that differ as jsonb differ after normalisation; a JSON null is not NULL."""
    assert differences(connection, one, other) == (True, True)


@pytest.mark.parametrize(
    ("type_", "one", "other", "another"),
    [
        ("numeric", "1.50", "1.5", "1.05"),
        ("numeric[]", "{1.50,NULL,100}", "{1.5,NULL,100.0}", "{1.5,NULL,10}"),
        ("numeric[]", "{1.0}", "{1}", "[0:0]={1}"),
        ("numrange", "[1.50,2.0)", "[1.5,2)", "[1.5,2]"),
        ("nummultirange", "{[1.50,2.0)}", "{[1.5,2)}", "{[1.5,20)}"),
        ("pair", "(1.50,1.50)", "(1.5,1.50)", "(1.5,1.5)"),
        ("pair[]", '{"(1.50,a)"}', '{"(1.5,a)"}', '{"(1.5,b)"}'),
    ],
)
def test_numbers_with_other_trailing_zeros_are_equal(
    connection: sa.Connection, type_: str, one: str, other: str, another: str
) -> None:
    """Also in arrays, ranges and composites; a text that looks like a number is compared as text."""
    types = (type_, type_)

    assert differences(connection, one, other, types=types) == (True, False)
    assert differences(connection, one, another, types=types) == (True, True)


def test_json_and_jsonb_can_be_equal(connection: sa.Connection) -> None:
    """A column that comes back with the other type has equal values."""
    spelt, kept = '{"aa": 2, "b": 1}', '{"b": 1, "aa": 2}'

    assert differences(connection, spelt, spelt, types=("json", "jsonb")) == (True, False)
    assert differences(connection, spelt, kept, types=("json", "text")) == (True, True)


def test_json_that_jsonb_refuses_is_compared_as_text(connection: sa.Connection) -> None:
    """Such a table is read without the second hash."""
    assert differences(connection, REFUSED, REFUSED) == (False, False)
    assert differences(connection, REFUSED, REFUSED.replace(" ", "")) == (True, True)
    assert differences(connection, '{"a": 1}', REFUSED) == (True, True)
