"""Single changes of every kind and attribute: how they are reported, and the revisions that make them."""

from __future__ import annotations

import os

import pytest

from alembic_proof.catalog import Snapshot, diff

from .authored import BATTERY, AlembicProject, Side, check_cycle, differences
from .cases import CASES, Case
from .cases.not_authored import REASONS
from .cases.sample_schema import SAMPLE_SCHEMA
from .conftest import OLDEST, Database

_BY_NAME = {case.name: case for case in CASES}
_NAMES = sorted(_BY_NAME)
_ONLY_BATTERY = pytest.mark.skipif(BATTERY not in os.environ, reason="only in nox -s battery")


@pytest.mark.parametrize("name", _NAMES)
def test_a_single_change_is_reported_once_and_authored(
    sample: Database, project: AlembicProject, name: str
) -> None:
    """One change has one message; its revision goes up, down and up again.

    The change is added to the models on one major version and removed from them on the other.
    """
    case = _case(name, major=sample.major)
    before, after = _readings(sample, case)

    reported = [str(change) for change in diff(before.catalog, after.catalog, column_order=True)]

    assert len(reported) == 1, "\n".join(reported)
    expected = case.message.replace("{database}", sample.name)
    assert reported[0][: len(expected)] == expected
    assert [change.key for change in diff(after.catalog, before.catalog, column_order=True)] == [
        change.key for change in diff(before.catalog, after.catalog, column_order=True)
    ]
    if name not in REASONS:
        is_added = _is_added_first(case, major=sample.major)
        _author(sample, project, case, before=before, after=after, is_added=is_added)


@_ONLY_BATTERY
@pytest.mark.parametrize("name", [name for name in _NAMES if name not in REASONS])
def test_a_single_change_is_authored_in_the_other_direction(
    sample: Database, project: AlembicProject, name: str
) -> None:
    """The direction that the other test does not try on this major version."""
    case = _case(name, major=sample.major)
    before, after = _readings(sample, case)

    is_added = not _is_added_first(case, major=sample.major)
    _author(sample, project, case, before=before, after=after, is_added=is_added)


@_ONLY_BATTERY
@pytest.mark.parametrize("name", sorted(REASONS))
def test_an_exception_is_one(sample: Database, project: AlembicProject, name: str) -> None:
    """What the documentation excepts cannot be authored in both directions on the default server."""
    if sample.major == int(OLDEST):
        pytest.skip("a later version may forbid more")
    case = _case(name, major=sample.major)
    before, after = _readings(sample, case)
    if not differences(before.catalog, after.catalog):
        return  # notes alone

    def author_both() -> None:
        for is_added in (False, True):
            _author(sample, project, case, before=before, after=after, is_added=is_added)

    with pytest.raises(AssertionError):
        author_both()


def test_nothing_is_reported_where_nothing_changes(sample: Database) -> None:
    """Two readings of one database are equal."""
    before, after = _readings(sample, Case("nothing", "SELECT 1", ""))

    assert diff(before.catalog, after.catalog) == ()
    assert before == after


def _case(name: str, *, major: int) -> Case:
    case = _BY_NAME[name]
    if case.since > major:
        pytest.skip(f"PostgreSQL {case.since} or newer")
    return case


def _readings(sample: Database, case: Case) -> tuple[Snapshot, Snapshot]:
    sample.execute(*case.setup)
    before = sample.snapshot()
    sample.execute(*case.changes)
    return before, sample.snapshot()


def _is_added_first(case: Case, *, major: int) -> bool:
    """Return whether the models have the change, and not the history, in the test that always runs."""
    return (_NAMES.index(case.name) + major) % 2 == 0


def _author(
    sample: Database,
    project: AlembicProject,
    case: Case,
    *,
    before: Snapshot,
    after: Snapshot,
    is_added: bool,
) -> None:
    """Write the revision for the change or its reverse, and run it on the history's side."""
    sample.rollback()
    sample.execute(*case.setup, *(() if is_added else case.changes))
    unchanged = Side(before, (*SAMPLE_SCHEMA, *case.setup))
    changed = Side(after, (*unchanged.statements, *case.changes))
    history, models = (unchanged, changed) if is_added else (changed, unchanged)
    check_cycle(sample, project, history=history, models=models)
