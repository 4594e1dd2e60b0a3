"""Many statements in one block, whatever their text looks like."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from alembic_proof.postgres.connect import run_on
from alembic_proof.rows.run import run_each


def test_names_that_look_like_parts_of_the_block(scratch_url: str) -> None:
    """They are replaced nowhere, and a dollar quote of theirs ends nothing."""
    names = ("t{tag}", "{statements} {after}", "$run$", "{setting}{before}")

    def run(connection: Connection) -> None:
        for name in names:
            outcomes = run_each(
                connection,
                [f'SELECT to_jsonb(count(*)) FROM "{name}"', f"SELECT to_jsonb('{name}'::text)"],
                before=f'CREATE TABLE "{name}" ();',
                is_kept=False,
            )
            assert [one.value for one in outcomes] == [0, name]

    run_on(scratch_url, run)
