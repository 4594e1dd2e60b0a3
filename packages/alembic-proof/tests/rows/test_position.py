"""Sequences that have fallen behind the rows that they number, and those that only moved on."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from alembic_proof.rows import digest, fallen_behind, read_shapes

SERIAL = "CREATE TABLE t (id serial PRIMARY KEY, name text)"
IDENTITY = "CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text)"
DOWN = "CREATE TABLE t (id integer GENERATED ALWAYS AS IDENTITY (INCREMENT BY -2) PRIMARY KEY, name text)"
UNKEYED = "CREATE TABLE t (id serial, name text)"
SEEDS = "INSERT INTO t VALUES (1, 'a'), (3, 'c')"
THREE = "INSERT INTO t (name) VALUES ('a'), ('b'), ('c')"
ANEW = "ALTER TABLE t ALTER id DROP IDENTITY, ALTER id ADD GENERATED ALWAYS AS IDENTITY"


def fallen(sandbox: Any, *ddl: str, steps: tuple[str, ...], few_rows: int = 100) -> list[str]:
    """What has fallen behind through the steps, in words."""

    def work(connection: sa.Connection) -> list[str]:
        for statement in ddl:
            connection.exec_driver_sql(statement)
        before = digest(connection, read_shapes(connection), few_rows=few_rows)
        for statement in steps:
            connection.exec_driver_sql(statement)
        after = digest(connection, read_shapes(connection), few_rows=few_rows)
        found = fallen_behind(before.positions, after.positions)
        return [one.told(when="now") for one in found]

    told = sandbox.run(work)
    assert isinstance(told, list)
    return told


@pytest.mark.parametrize("few_rows", [100, 2])
@pytest.mark.parametrize(
    ("ddl", "step", "said"),
    [
        (SERIAL, "ALTER SEQUENCE t_id_seq RESTART", "gives 1 next now, and 3 is there"),
        (SERIAL, "SELECT setval('t_id_seq', 3, false)", "gives 3 next now, and 3 is there"),
        (IDENTITY, ANEW, "gives 1 next now, and 3 is there"),
        (DOWN, "ALTER TABLE t ALTER id RESTART", "gives -1 next now, and -5 is there"),
    ],
)
def test_one_that_has_gone_back_behind_its_rows_is_told(
    sandbox: Any, ddl: str, step: str, said: str, few_rows: int
) -> None:
    """Serial or identity, up or down, however many rows there are."""
    assert fallen(sandbox, ddl, THREE, steps=(step,), few_rows=few_rows) == [
        f"t.id: its sequence {said}"
    ]


def test_one_that_is_new_behind_rows_is_told(sandbox: Any) -> None:
    """Rows with numbers of their own, and nobody has told the sequence: the first insert fails."""
    assert fallen(sandbox, steps=(SERIAL, SEEDS)) == [
        "t.id: its sequence gives 1 next now, and 3 is there"
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
def test_one_that_has_not_is_nothing(
    sandbox: Any, before: tuple[str, ...], steps: tuple[str, ...]
) -> None:
    """It moved on, stands behind no row, stood behind before, was passed by a row, or has gone.

    Nor is one whose numbers may come twice: it begins again by itself, or its column is no key.
    """
    assert fallen(sandbox, *before, steps=steps) == []


def test_where_a_sequence_stands_does_not_make_rows_differ(sandbox: Any) -> None:
    """A number that was taken and thrown away changes no table."""

    def work(connection: sa.Connection) -> bool:
        connection.exec_driver_sql(SERIAL)
        shapes = read_shapes(connection)
        before = digest(connection, shapes)
        connection.exec_driver_sql("SELECT nextval('t_id_seq')")
        return digest(connection, shapes) == before

    assert sandbox.run(work) is True
