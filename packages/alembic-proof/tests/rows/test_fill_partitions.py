"""Rows for the partitions of a table."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from alembic_proof.rows import TableName, fill, read_shapes

PARTITIONS = {
    "range": (
        ("CREATE TABLE t (id uuid, at timestamptz, n integer, PRIMARY KEY (id, at))"
        " PARTITION BY RANGE (at)"),
        "CREATE TABLE t1 PARTITION OF t FOR VALUES FROM ('2024-01-01') TO ('2024-02-01')",
        "CREATE TABLE t2 PARTITION OF t FOR VALUES FROM ('2024-02-01') TO ('2024-03-01')",
        "CREATE TABLE t3 PARTITION OF t FOR VALUES FROM ('2030-02-01') TO (MAXVALUE)",
    ),
    "range with default": (
        "CREATE TABLE t (n integer NOT NULL, a text) PARTITION BY RANGE (n)",
        "CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (10) TO (12)",
        "CREATE TABLE t2 PARTITION OF t FOR VALUES FROM (MINVALUE) TO (0)",
        "CREATE TABLE t3 PARTITION OF t DEFAULT",
    ),
    "list": (
        "CREATE TABLE t (region text, a text) PARTITION BY LIST (region)",
        "CREATE TABLE t1 PARTITION OF t FOR VALUES IN ('eu', 'uk')",
        "CREATE TABLE t2 PARTITION OF t FOR VALUES IN ('us')",
        "CREATE TABLE t3 PARTITION OF t FOR VALUES IN (NULL)",
    ),
    "list with default": (
        "CREATE TABLE t (region text, a text) PARTITION BY LIST (region)",
        "CREATE TABLE t1 PARTITION OF t FOR VALUES IN ('eu', 'uk')",
        "CREATE TABLE t2 PARTITION OF t FOR VALUES IN ('us')",
        "CREATE TABLE t3 PARTITION OF t DEFAULT",
    ),
    "two levels": (
        "CREATE TABLE t (region text, n integer) PARTITION BY LIST (region)",
        "CREATE TABLE a PARTITION OF t FOR VALUES IN ('eu') PARTITION BY RANGE (n)",
        "CREATE TABLE t1 PARTITION OF a FOR VALUES FROM (100) TO (200)",
        "CREATE TABLE t2 PARTITION OF a FOR VALUES FROM (300) TO (400)",
        "CREATE TABLE t3 PARTITION OF t FOR VALUES IN ('us')",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", PARTITIONS)
def test_every_partition_gets_a_row(sandbox: Any, kind: str) -> None:
    """Values lie inside of the partitions' bounds."""

    def work(connection: sa.Connection) -> tuple[Any, ...]:
        for statement in PARTITIONS[kind]:
            connection.exec_driver_sql(statement)
        report = fill(connection, read_shapes(connection))
        counts = [
            connection.exec_driver_sql(f"SELECT count(*) FROM t{place}").scalar_one()
            for place in (1, 2, 3)
        ]
        return report.not_filled, report.notes, counts

    assert sandbox.run(work) == ((), (), [1, 1, 1])


def test_hash_partitions_take_what_comes(sandbox: Any) -> None:
    """A row goes where its hash says."""
    outcome = sandbox.fill(
        "CREATE TABLE t (id integer PRIMARY KEY) PARTITION BY HASH (id)",
        "CREATE TABLE t1 PARTITION OF t FOR VALUES WITH (MODULUS 2, REMAINDER 0)",
        "CREATE TABLE t2 PARTITION OF t FOR VALUES WITH (MODULUS 2, REMAINDER 1)",
    )

    outcome.assert_full()


def test_asking_for_a_partition_fills_its_table(sandbox: Any) -> None:
    """A partition has no rows of its own."""
    outcome = sandbox.fill(*PARTITIONS["list"], tables=[TableName("public.t2")])

    assert [one.table for one in outcome.report.filled] == ["public.t"]
