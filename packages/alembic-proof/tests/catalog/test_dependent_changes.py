"""Plans for objects that others depend on: what must go before a change comes back after it."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from alembic_proof.authoring.plan import plan_sql
from alembic_proof.catalog import Snapshot, diff

from .cases.dependents import REBUILDINGS, Rebuilding
from .conftest import Database


@pytest.mark.parametrize("case", REBUILDINGS, ids=lambda case: case.name)
def test_the_plan_runs_in_both_directions_with_rows(empty: Database, case: Rebuilding) -> None:
    """The catalog is then the wanted one, and the values of the rows are still there."""
    after = _built(empty, case, case.after)
    before = _built(empty, case, case.before, is_kept=True)
    empty.execute(*case.rows)
    values = _values(empty, case)

    for current, wanted in ((before, after), (after, before)):
        statements = plan_sql(current, wanted)
        empty.execute(*statements)
        left = [str(change) for change in diff(empty.read(), wanted.catalog)]
        assert left == [], "\n".join(("still different after", *statements))
        assert _values(empty, case) == values
    empty.rollback()


def test_a_default_that_depends_on_what_depends_on_its_table_goes_first(empty: Database) -> None:
    """The value of the default is computed from rows of the same table."""
    wanted = empty.snapshot()
    empty.execute(
        "CREATE TABLE t (id integer PRIMARY KEY, n integer)",
        "CREATE FUNCTION top() RETURNS integer STABLE BEGIN ATOMIC SELECT max(n) FROM t; END",
        "ALTER TABLE t ALTER COLUMN n SET DEFAULT top()",
    )

    empty.execute(*plan_sql(empty.snapshot(), wanted))

    assert diff(empty.read(), wanted.catalog) == ()
    empty.rollback()


def _built(
    empty: Database, case: Rebuilding, statements: tuple[str, ...], *, is_kept: bool = False
) -> Snapshot:
    empty.rollback()
    empty.execute(*case.both, *statements, *case.ends)
    found = empty.snapshot()
    if not is_kept:
        empty.rollback()
    return found


def _values(empty: Database, case: Rebuilding) -> object:
    return empty.run(lambda c: c.execute(sa.text(case.kept)).scalar()) if case.kept else None
