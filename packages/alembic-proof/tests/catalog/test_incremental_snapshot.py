"""The law of CatalogReader: an incremental reading equals a full one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from alembic_proof.authoring.plan import plan_sql
from alembic_proof.catalog import Catalog, CatalogReader, Snapshot
from alembic_proof.scratch import scratch_database

from .cases import CASES, Case
from .chains import CHAINS
from .conftest import Database, SampleTemplate, make_roles, open_database
from .reading import commit, compare, read_both
from .steps import FRESH, STEPS

_PARTS = 4


@dataclass(slots=True)
class _Copy:
    """A copy of the sample schema that changes, the reader that has seen all of it, and the catalog."""

    database: Database
    reader: CatalogReader
    catalog: Catalog
    is_as_built: bool = True

    def has_room_for(self, case: Case) -> bool:
        """Do the case and undo it; return False if what other cases left is in its way."""
        fits = _try(self.database, *case.setup)
        if case.setup:
            read_both(self.database, self.reader, after=f"setup of {case.name}")
        if not (fits and _try(self.database, *case.changes)):
            assert not self.is_as_built, f"{case.name} fails"
            return False
        changed = self.database.snapshot()
        found = self.database.run(self.reader.read)
        compare(found, changed.catalog, self.reader, after=case.name)
        self.is_as_built &= _try(self.database, *_undo(changed, self.catalog))
        after = read_both(self.database, self.reader, after=f"back from {case.name}")
        self.is_as_built &= after == self.catalog
        self.catalog = after
        return True


def _undo(changed: Snapshot, before: Catalog) -> tuple[str, ...]:
    """Return the statements that undo a case; none if some part of it has no statement."""
    try:
        return plan_sql(changed, Snapshot(before))
    except ValueError:
        return ()


@contextmanager
def _fresh_copy(template: SampleTemplate) -> Iterator[_Copy]:
    with template.copy() as database:
        reader = CatalogReader()
        yield _Copy(
            database, reader, read_both(database, reader, after="the sample schema is built")
        )


@pytest.mark.parametrize("part", range(_PARTS))
def test_each_single_change_is_read_as_in_full(sample_template: SampleTemplate, part: int) -> None:
    """All cases are done and undone one after the other, in parts of equal length.

    Some cannot be undone: the copy is used until what they left is in the way of another case.
    """
    cases = [case for case in CASES[part::_PARTS] if "subscription" not in case.name]
    with ExitStack() as stack:
        copy = stack.enter_context(_fresh_copy(sample_template))
        for case in (case for case in cases if case.since <= copy.database.major):
            if not copy.has_room_for(case):
                stack.close()
                copy = stack.enter_context(_fresh_copy(sample_template))
                assert copy.has_room_for(case)


@pytest.fixture(scope="module")
def own(admin_url: str) -> Iterator[Database]:
    """Provide a database in which a test commits."""
    with scratch_database(admin_url, label="steps") as url, open_database(url) as database:
        make_roles(database)
        yield database


@pytest.fixture(scope="module")
def reader() -> CatalogReader:
    """Provide the reader that has seen everything that happened in `own`."""
    return CatalogReader()


def _try(database: Database, *statements: str) -> bool:
    """Whether the statements fit; they are committed, or nothing is."""
    try:
        commit(database, *statements)
    except sa.exc.DBAPIError:
        database.rollback()
        return False
    return True


def test_each_step_is_read_as_in_full(own: Database, reader: CatalogReader) -> None:
    """Each step by itself, from the same start."""
    fits = 0
    for step in STEPS:
        assert _try(own, "SET DateStyle = 'ISO'", *FRESH)
        read_both(own, reader, after="a fresh beginning")
        fits += _try(own, step)
        read_both(own, reader, after=step)

    assert fits > len(STEPS) * 3 / 4


@pytest.mark.parametrize("chain", CHAINS)
def test_each_fixed_chain_is_read_as_in_full(
    own: Database, reader: CatalogReader, chain: tuple[tuple[str, ...], ...]
) -> None:
    """Steps that need an order."""
    assert _try(own, "SET DateStyle = 'ISO'", *FRESH)
    read_both(own, reader, after="a fresh beginning")
    fits = 0
    for step in chain:
        fits += _try(own, *step)
        read_both(own, reader, after="; ".join(step))

    assert fits == len(chain) or own.major < 18


@settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(st.sampled_from(STEPS), min_size=15, max_size=25))
def test_random_chains_are_read_as_in_full(
    own: Database, reader: CatalogReader, steps: list[str]
) -> None:
    """Steps in any order."""
    assert _try(own, "SET DateStyle = 'ISO'", *FRESH)
    for number, step in enumerate(steps):
        if _try(own, step):
            read_both(own, reader, after="; ".join(steps[: number + 1]))
