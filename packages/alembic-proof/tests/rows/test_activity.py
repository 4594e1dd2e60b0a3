"""In which tables something moved, told without reading them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import sqlalchemy as sa

from alembic_proof.postgres.connect import run_on
from alembic_proof.rows.activity import read_activity

TABLES = (
    "CREATE TABLE t (id integer PRIMARY KEY, a text)",
    "CREATE TABLE other (id integer)",
    "CREATE TABLE parent (id integer)",
    "CREATE TABLE child () INHERITS (parent)",
    "CREATE TABLE whole (id integer) PARTITION BY RANGE (id)",
    "CREATE TABLE part PARTITION OF whole FOR VALUES FROM (0) TO (10)",
    "INSERT INTO t VALUES (1, 'x')",
)


def moved(url: str, *steps: Sequence[str]) -> list[set[str] | None]:
    """The tables in which each of the steps, a transaction of its own, moved something."""

    def work(connection: sa.Connection) -> list[set[str] | None]:
        execute(connection, *TABLES)
        found: list[set[str] | None] = []
        for step in steps:
            before = read_activity(connection)
            connection.commit()
            execute(connection, *step)
            names = read_activity(connection).since(before)
            connection.commit()
            found.append(None if names is None else set(names))
        return found

    return run_on(url, work)


def execute(connection: sa.Connection, *statements: str) -> None:
    """Run them in one transaction."""
    for statement in statements:
        connection.exec_driver_sql(statement)
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
def test_what_moves_is_named(scratch_url: str, step: tuple[str, ...], names: set[str]) -> None:
    """The table, those that it is seen in, and no other."""
    assert moved(scratch_url, step) == [names]


def test_quick_steps_are_told_apart(scratch_url: str) -> None:
    """What a session has not handed in yet counts: a hundred transactions in a row are seen."""
    steps = [(f"INSERT INTO t VALUES ({number}, '')",) for number in range(2, 102)]

    assert moved(scratch_url, *steps, ("SELECT 1",)) == [{"public.t"}] * 100 + [set()]
