"""Statements run in one block, whatever their text is."""

from __future__ import annotations

import sqlalchemy as sa

from alembic_proof.rows.savepoint_batch import execute, run_statements


def test_names_may_look_like_parts_of_the_block(connection: sa.Connection) -> None:
    """They are not replaced, and a dollar quote in them does not end the block."""
    names = ("t{tag}", "{statements} {after}", "$run$", "{setting}{before}")

    for name in names:
        outcomes = run_statements(
            connection,
            [f'SELECT to_jsonb(count(*)) FROM "{name}"', f"SELECT to_jsonb('{name}'::text)"],
            before=f'CREATE TABLE "{name}" ();',
            is_kept=False,
        )
        assert [one.value for one in outcomes] == [0, name]


def test_the_error_of_one_statement_undoes_only_that_statement(connection: sa.Connection) -> None:
    """Its fields are PostgreSQL's, and statements before and after it keep their effect."""
    insert = "WITH i AS (INSERT INTO t VALUES ({}) RETURNING 1) SELECT to_jsonb(1) FROM i"
    execute(connection, "CREATE TABLE t (a integer CONSTRAINT low CHECK (a < 3))")

    outcomes = run_statements(connection, [insert.format(number) for number in (1, 7, 2)])

    assert [one.value for one in outcomes] == [1, None, 1]
    failure = outcomes[1].failure
    assert failure is not None
    assert (failure.sqlstate, failure.constraint, failure.table) == ("23514", "low", "t")
    assert execute(connection, "SELECT array_agg(a ORDER BY a) FROM t").scalar_one() == [1, 2]
