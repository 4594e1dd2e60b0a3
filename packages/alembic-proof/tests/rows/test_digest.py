"""Digests: equal for equal rows in any order, different for any difference, and in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import sqlalchemy as sa

from alembic_proof.rows import TableName, compare, digest, read_shapes

USERS = (
    "CREATE TABLE users (id integer PRIMARY KEY, name text, legacy_id integer)",
    "INSERT INTO users VALUES (1, 'a', 10), (2, 'b', 20), (3, NULL, 30)",
)
EVENTS = (
    "CREATE TABLE events (what text, n integer)",
    "INSERT INTO events VALUES ('a', 1), ('a', 1), ('b', NULL)",
)


def changes(
    sandbox: Any, ddl: Sequence[str], *steps: str, few_rows: int = 100, **options: Any
) -> list[str]:
    """What the steps did to the rows, in words."""

    def work(connection: sa.Connection) -> list[str]:
        for statement in ddl:
            connection.exec_driver_sql(statement)
        before = digest(connection, read_shapes(connection), few_rows=few_rows)
        for statement in steps:
            connection.exec_driver_sql(statement)
        after = digest(connection, read_shapes(connection), few_rows=few_rows)
        return [str(change) for change in compare(before, after, **options)]

    found = sandbox.run(work)
    assert isinstance(found, list)
    return found


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
    sandbox: Any, step: str, expected: list[str]
) -> None:
    """Gone, changed and new values are told apart, and the rows are named by their keys."""
    assert changes(sandbox, USERS, step) == expected


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
    sandbox: Any, step: str, expected: list[str]
) -> None:
    """Duplicates count; where the number of rows stays, the columns are named."""
    assert changes(sandbox, EVENTS, step) == expected


def test_values_that_swap_rows_without_a_primary_key_are_seen(sandbox: Any) -> None:
    """Each column as a whole is as before, and the rows are not."""
    ddl = ("CREATE TABLE t (a text, b text)", "INSERT INTO t VALUES ('1', 'x'), ('2', 'y')")

    found = changes(sandbox, ddl, "UPDATE t SET a = CASE a WHEN '1' THEN '2' ELSE '1' END")

    assert found == ["t: 2 of 2 rows gone", "t: 2 of 2 rows new"]


def test_order_does_not_matter(sandbox: Any) -> None:
    """A table that is written anew in another order holds the same rows."""
    for ddl, table in ((USERS, "users"), (EVENTS, "events")):
        steps = (
            f"CREATE TEMPORARY TABLE kept AS SELECT * FROM {table}",
            f"TRUNCATE {table}",
            f"INSERT INTO {table} SELECT * FROM kept ORDER BY 1 DESC, 2 DESC",
        )
        assert changes(sandbox, ddl, *steps) == []
        assert changes(sandbox, ddl, *steps, few_rows=1) == []


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
    sandbox: Any, step: str, expected: list[str]
) -> None:
    """How many values changed is not known, that they did is."""
    assert changes(sandbox, USERS, step, few_rows=2) == expected


def test_two_equal_values_do_not_cancel_each_other_out(sandbox: Any) -> None:
    """A sum sees duplicates where an exclusive or would see nothing."""
    ddl = ("CREATE TABLE t (a text)", "INSERT INTO t VALUES ('x'), ('x'), ('y'), ('y')")

    assert changes(sandbox, ddl, "UPDATE t SET a = 'z'", few_rows=2) == ["t.a: some values changed"]


def test_what_is_made_anew_is_not_compared(sandbox: Any) -> None:
    """A clock's and a random key's values may differ; the others may not."""
    ddl = (
        "CREATE TABLE t (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), a text)",
        "INSERT INTO t (a) VALUES ('x'), ('y')",
    )
    again = ("TRUNCATE t", "INSERT INTO t (a) VALUES ('x'), ('{}')")
    anew = [(TableName("public.t"), "id")]

    assert changes(sandbox, ddl, again[0], again[1].format("y"), anew=anew) == []
    assert changes(sandbox, ddl, again[0], again[1].format("z"), anew=anew) == [
        "t.a: 1 of 2 values changed"
    ]


SETTINGS = (
    "SET DateStyle = 'German'", "SET TimeZone = 'Asia/Tokyo'", "SET extra_float_digits = -5",
    "SET bytea_output = 'escape'", "SET IntervalStyle = 'iso_8601'", "SET search_path = pg_catalog",
)  # fmt: skip


def test_the_sessions_settings_do_not_matter_and_stay(sandbox: Any) -> None:
    """The same values digest the same in every session, and the session keeps its settings."""
    ddl = (
        "CREATE TABLE t (a date, b timestamptz, c float8, d bytea, e interval, f regclass)",
        (
            "INSERT INTO t VALUES ('2024-02-03', '2024-02-03 04:05+00', 0.1 + 0.2, '\\x00ff', '1 day 2 h',"
            " 't')"
        ),
    )

    assert changes(sandbox, ddl, *SETTINGS) == []

    def work(connection: sa.Connection) -> object:
        connection.exec_driver_sql("SET TimeZone = 'Asia/Tokyo'")
        digest(connection, read_shapes(connection))
        return connection.exec_driver_sql("SHOW TimeZone").scalar_one()

    assert sandbox.run(work) == "Asia/Tokyo"


def test_a_float_is_digested_to_its_last_bit(sandbox: Any) -> None:
    """Two neighbouring numbers differ."""
    ddl = ("CREATE TABLE t (id integer PRIMARY KEY, a float8)", "INSERT INTO t VALUES (1, 0.3)")

    assert changes(sandbox, ddl, "UPDATE t SET a = 0.1::float8 + 0.2::float8") == [
        "t.a: 1 of 1 values changed (id=1)"
    ]


def test_forced_row_level_security_hides_no_row_and_stays(sandbox: Any) -> None:
    """The owner's digest is that of all rows, and the table is as it was."""
    forced = (
        "ALTER TABLE users ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE users FORCE ROW LEVEL SECURITY",
    )

    assert changes(sandbox, USERS, *forced) == []
    assert changes(sandbox, (*USERS, *forced), *forced) == []


def test_a_table_that_cannot_be_read_is_a_change_of_its_own(sandbox: Any) -> None:
    """What could not be compared is never silently equal."""
    ddl = (*USERS, "CREATE TABLE t (a integer)", "REVOKE ALL ON t FROM CURRENT_USER")

    (found,) = changes(sandbox, ddl)

    assert found.startswith("t: not read: permission denied for table t")


def test_tables_may_be_chosen(sandbox: Any) -> None:
    """Only what is asked for is read."""

    def work(connection: sa.Connection) -> list[str]:
        for statement in (*USERS, *EVENTS):
            connection.exec_driver_sql(statement)
        shapes = read_shapes(connection)
        return [
            t.table for t in digest(connection, shapes, tables=[TableName("public.users")]).tables
        ]

    assert sandbox.run(work) == ["public.users"]
