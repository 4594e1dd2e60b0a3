"""Sequences behind the numbers of their column are found, and those that moved on are not."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from alembic_proof.rows import digest, find_sequences_behind, read_user_tables

from .conftest import execute_all

SERIAL = "CREATE TABLE t (id serial PRIMARY KEY, name text)"
IDENTITY = "CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text)"
DOWN = "CREATE TABLE t (id integer GENERATED ALWAYS AS IDENTITY (INCREMENT BY -2) PRIMARY KEY, name text)"
UNKEYED = "CREATE TABLE t (id serial, name text)"
SEEDS = "INSERT INTO t VALUES (1, 'a'), (3, 'c')"
THREE = "INSERT INTO t (name) VALUES ('a'), ('b'), ('c')"
RESTARTED = "ALTER TABLE t ALTER id DROP IDENTITY, ALTER id ADD GENERATED ALWAYS AS IDENTITY"


def behind(
    connection: sa.Connection, *ddl: str, steps: tuple[str, ...], few_rows: int = 100
) -> list[str]:
    """Return the sequences that the steps have set behind their column's numbers."""
    execute_all(connection, *ddl)
    before = digest(connection, read_user_tables(connection), few_rows=few_rows)
    execute_all(connection, *steps)
    after = digest(connection, read_user_tables(connection), few_rows=few_rows)
    found = find_sequences_behind(before.sequence_positions, after.sequence_positions)
    return [one.describe(when="now") for one in found]


@pytest.mark.parametrize("few_rows", [100, 2])
@pytest.mark.parametrize(
    ("ddl", "step", "expected"),
    [
        (
            SERIAL,
            "ALTER SEQUENCE t_id_seq RESTART",
            "returns 1 next now, but the column already holds 3",
        ),
        (
            SERIAL,
            "SELECT setval('t_id_seq', 3, false)",
            "returns 3 next now, but the column already holds 3",
        ),
        (IDENTITY, RESTARTED, "returns 1 next now, but the column already holds 3"),
        (
            DOWN,
            "ALTER TABLE t ALTER id RESTART",
            "returns -1 next now, but the column already holds -5",
        ),
    ],
)
def test_a_sequence_that_went_back_is_found(
    connection: sa.Connection, ddl: str, step: str, expected: str, few_rows: int
) -> None:
    """Serial or identity, ascending or descending, with few or many rows."""
    assert behind(connection, ddl, THREE, steps=(step,), few_rows=few_rows) == [
        f"t.id: its sequence {expected}"
    ]


def test_a_new_sequence_behind_its_rows_is_found(connection: sa.Connection) -> None:
    """Rows have numbers that were not taken from it, so the first INSERT fails."""
    assert behind(connection, steps=(SERIAL, SEEDS)) == [
        "t.id: its sequence returns 1 next now, but the column already holds 3"
    ]


@pytest.mark.parametrize(
    ("before", "steps"),
    [
        ((SERIAL, THREE), ("SELECT nextval('t_id_seq')",)),
        ((SERIAL, THREE), (THREE,)),
        ((SERIAL, THREE), ("SELECT setval('t_id_seq', 3)", "SELECT setval('t_id_seq', 4, false)")),
        ((SERIAL, THREE), ("DELETE FROM t", "ALTER SEQUENCE t_id_seq RESTART")),
        ((SERIAL, "INSERT INTO t VALUES (9)"), (THREE, "SELECT setval('t_id_seq', 1)")),
        ((SERIAL, THREE), ("INSERT INTO t VALUES (9)",)),
        ((IDENTITY, THREE), ("ALTER TABLE t ALTER id DROP IDENTITY",)),
        ((IDENTITY, THREE), ("ALTER TABLE t RENAME id TO n",)),
        ((SERIAL, SEEDS), ("ALTER TABLE t RENAME id TO n",)),
        ((SERIAL, SEEDS), ("ALTER TABLE t RENAME TO u", "ALTER SEQUENCE t_id_seq RENAME TO s")),
        ((UNKEYED, THREE), ("ALTER SEQUENCE t_id_seq RESTART",)),
        ((SERIAL, THREE), ("ALTER SEQUENCE t_id_seq CYCLE RESTART",)),
        ((), (SERIAL, SEEDS, "SELECT setval('t_id_seq', 3)")),
        ((), (SERIAL, "INSERT INTO t VALUES (0, 'nobody')", THREE)),
        ((), (UNKEYED, SEEDS)),
    ],
)
def test_other_sequences_are_not_found(
    connection: sa.Connection, before: tuple[str, ...], steps: tuple[str, ...]
) -> None:
    """It moved on, is behind no number, was behind before, or is dropped.

    Nor is one found whose numbers may occur twice: with CYCLE, or outside of a unique key.
    """
    assert behind(connection, *before, steps=steps) == []


def test_the_position_of_a_sequence_is_no_difference_of_rows(connection: sa.Connection) -> None:
    """A number that was taken and not used changes no table."""
    execute_all(connection, SERIAL)
    user_tables = read_user_tables(connection)
    before = digest(connection, user_tables)

    execute_all(connection, "SELECT nextval('t_id_seq')")

    assert digest(connection, user_tables) == before
