"""Each partition of a table gets rows."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from .conftest import count, fill_tables

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
def test_every_partition_gets_a_row(connection: sa.Connection, kind: str) -> None:
    """One row is within the bounds of each partition."""
    outcome = fill_tables(connection, *PARTITIONS[kind])

    outcome.assert_full()
    assert [count(connection, f"t{number}") for number in (1, 2, 3)] == [1, 1, 1]


def test_a_table_with_hash_partitions_is_filled(connection: sa.Connection) -> None:
    """The hash decides on the partition."""
    outcome = fill_tables(
        connection,
        "CREATE TABLE t (id integer PRIMARY KEY) PARTITION BY HASH (id)",
        "CREATE TABLE t1 PARTITION OF t FOR VALUES WITH (MODULUS 2, REMAINDER 0)",
        "CREATE TABLE t2 PARTITION OF t FOR VALUES WITH (MODULUS 2, REMAINDER 1)",
    )

    outcome.assert_full()


def test_choosing_a_partition_fills_its_table(connection: sa.Connection) -> None:
    """The table is filled through its topmost table."""
    outcome = fill_tables(connection, *PARTITIONS["list"], tables=["public.t2"])

    assert [one.table for one in outcome.report.filled] == ["public.t"]
