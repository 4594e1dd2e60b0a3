"""Rows that a key would forbid: written where the schema permits them, and taken away again."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from alembic_proof.rows import TableName, digest, fill, read_shapes
from alembic_proof.rows.shape import Key
from alembic_proof.rows.twins import add_twins, take_twins_back
from alembic_proof.rows.unequal import NewKey, new_keys

TABLE = TableName("public.t")
BY_NAME = Key("k", ("name",))


def count_after(sandbox: Any, ddl: str, key: Key) -> tuple[int, int]:
    """How many rows there are, and how many of them differ in the key's first column."""

    def work(connection: sa.Connection) -> tuple[int, int]:
        connection.exec_driver_sql(ddl)
        shapes = read_shapes(connection)
        fill(connection, shapes)
        before = digest(connection, shapes)
        twins = add_twins(connection, shapes, [NewKey(TABLE, key)])
        found = connection.exec_driver_sql("SELECT count(*), count(DISTINCT name) FROM t").one()
        assert take_twins_back(connection, shapes, twins)
        assert digest(connection, shapes) == before
        return int(found[0]), int(found[1])

    counts: tuple[int, int] = sandbox.run(work)
    return counts


@pytest.mark.parametrize(
    ("ddl", "key"),
    [
        ("CREATE TABLE t (id integer PRIMARY KEY, name text NOT NULL)", BY_NAME),
        ("CREATE TABLE t (name text NOT NULL)", BY_NAME),
        ("CREATE TABLE t (id uuid PRIMARY KEY, name text NOT NULL, code text UNIQUE)", BY_NAME),
        (
            "CREATE TABLE t (id integer PRIMARY KEY, name text NOT NULL, n integer NOT NULL)",
            Key("k", ("name", "n")),
        ),
    ],
)
def test_a_twin_is_written_where_it_is_permitted(sandbox: Any, ddl: str, key: Key) -> None:
    """One more row, and no other name; then all is as it was."""
    assert count_after(sandbox, ddl, key) == (4, 3)


@pytest.mark.parametrize(
    "ddl",
    [
        "CREATE TABLE t (id integer PRIMARY KEY, name text NOT NULL UNIQUE)",
        "CREATE TABLE t (name text PRIMARY KEY)",
    ],
)
def test_no_twin_is_written_where_a_key_forbids_it(sandbox: Any, ddl: str) -> None:
    """What the schema forbids already is no row that a new key meets."""
    assert count_after(sandbox, ddl, BY_NAME) == (3, 3)


@pytest.mark.parametrize(
    ("before", "after", "names"),
    [
        ("id integer, name text", "ALTER TABLE t ADD CONSTRAINT k UNIQUE (name)", ["k"]),
        ("id integer, name text", "CREATE UNIQUE INDEX k ON t (lower(name))", ["k"]),
        ("id integer, name text UNIQUE", "ALTER TABLE t ADD CONSTRAINT k UNIQUE (name)", []),
        ("id integer UNIQUE, name text", "CREATE UNIQUE INDEX k ON t (name, id)", []),
        ("id integer, name text", "ALTER TABLE t ADD n integer CONSTRAINT k UNIQUE", ["k"]),
        ("id integer, name text", "CREATE INDEX k ON t (name)", []),
    ],
)
def test_a_key_is_new_where_it_forbids_more(
    sandbox: Any, before: str, after: str, names: list[str]
) -> None:
    """Not where another one forbade the same; a column that is new may be made of others."""

    def work(connection: sa.Connection) -> list[str]:
        connection.exec_driver_sql(f"CREATE TABLE t ({before})")
        older = read_shapes(connection)
        connection.exec_driver_sql(after)
        return [new.key.name for new in new_keys(older, read_shapes(connection))]

    assert sandbox.run(work) == names
