"""PostgreSQL's statistics show which tables have changed."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import sqlalchemy as sa

from alembic_proof.rows.table_stats import read_table_stats

from .conftest import execute_all

TABLES = (
    "CREATE TABLE t (id integer PRIMARY KEY, a text)",
    "CREATE TABLE other (id integer)",
    "CREATE TABLE parent (id integer)",
    "CREATE TABLE child () INHERITS (parent)",
    "CREATE TABLE whole (id integer) PARTITION BY RANGE (id)",
    "CREATE TABLE part PARTITION OF whole FOR VALUES FROM (0) TO (10)",
    "INSERT INTO t VALUES (1, 'x')",
)


def changed_tables(connection: sa.Connection, *steps: Sequence[str]) -> list[set[str] | None]:
    """Return the tables that each step has changed; a step is one transaction."""
    execute_all(connection, *TABLES)
    connection.commit()
    try:
        found: list[set[str] | None] = []
        for step in steps:
            before = read_table_stats(connection)
            connection.commit()
            execute_all(connection, *step)
            connection.commit()
            names = read_table_stats(connection).tables_changed_since(before)
            connection.commit()
            found.append(None if names is None else {*names})
        return found
    finally:
        connection.rollback()
        execute_all(connection, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
        connection.commit()


@pytest.mark.parametrize(
    ("step", "names"),
    [
        (("INSERT INTO t VALUES (2, 'y')",), {"public.t"}),
        (("UPDATE t SET a = 'z'",), {"public.t"}),
        (("DELETE FROM t",), {"public.t"}),
        (("TRUNCATE t",), {"public.t"}),
        (("ALTER TABLE t ALTER a TYPE char(3)",), {"public.t"}),
        (("SELECT * FROM t", "CREATE INDEX ON t (a)"), set()),
        (("INSERT INTO child VALUES (1)",), {"public.child", "public.parent"}),
        (("INSERT INTO whole VALUES (1)",), {"public.part", "public.whole"}),
        (("DROP TABLE other",), {"public.other"}),
        (("ALTER TABLE other RENAME TO another",), {"public.other", "public.another"}),
        (("DO $$ BEGIN DELETE FROM t; INSERT INTO t VALUES (1, 'x'); END $$",), {"public.t"}),
    ],
)
def test_changed_tables_are_found(
    connection: sa.Connection, step: tuple[str, ...], names: set[str]
) -> None:
    """The table, its partitioned table or inheritance parent, and no other."""
    assert changed_tables(connection, step) == [names]


def test_each_of_many_quick_steps_is_found(connection: sa.Connection) -> None:
    """Counts that the session has not reported yet are read as well."""
    steps = [(f"INSERT INTO t VALUES ({number}, '')",) for number in range(2, 102)]

    assert changed_tables(connection, *steps, ("SELECT 1",)) == [{"public.t"}] * 100 + [set()]
