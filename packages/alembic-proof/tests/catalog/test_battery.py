"""Single changes of every kind and attribute."""

from __future__ import annotations

import pytest

from alembic_proof.catalog import Catalog, diff
from alembic_proof.catalog.ddl import changes_sql

from .battery import CASES, Case
from .conftest import Database

_BY_NAME = {case.name: case for case in CASES}


@pytest.mark.parametrize("name", sorted(_BY_NAME))
def test_a_single_change_is_reported_once_and_at_its_own_kind(zoo: Database, name: str) -> None:
    """One change, one sentence; the statements that ddl proposes take it back and do it again."""
    case = _BY_NAME[name]
    if case.since > zoo.major:
        pytest.skip(f"PostgreSQL {case.since} or newer")
    before, after = _readings(zoo, case)

    reported = [str(change) for change in diff(before, after, column_order=True)]

    assert len(reported) == 1, "\n".join(reported)
    expected = case.says.replace("{database}", zoo.name)
    assert reported[0][: len(expected)] == expected
    assert [change.key for change in diff(after, before, column_order=True)] == [
        change.key for change in diff(before, after, column_order=True)
    ]
    if case.is_offered:
        _turn(zoo, after, before)
        _turn(zoo, before, after)


def test_nothing_is_reported_where_nothing_changes(zoo: Database) -> None:
    """Two readings of one database are equal."""
    before, after = _readings(zoo, Case("nothing", "SELECT 1", ""))

    assert diff(before, after) == ()
    assert before == after


def _readings(zoo: Database, case: Case) -> tuple[Catalog, Catalog]:
    zoo.execute(*case.setup)
    before = zoo.read()
    zoo.execute(*case.changes)
    return before, zoo.read()


def _turn(zoo: Database, current: Catalog, wanted: Catalog) -> None:
    """Execute what ddl proposes and see that it is enough."""
    statements = changes_sql(diff(current, wanted), current, wanted)
    zoo.execute(*statements)
    left = [str(change) for change in diff(zoo.read(), wanted)]
    assert left == [], "\n".join(("still different after", *statements))
