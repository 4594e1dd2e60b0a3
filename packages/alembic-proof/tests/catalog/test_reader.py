"""The law of the reader: what was touched, put into the last reading, is the whole catalog."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from alembic_proof.catalog import Catalog, CatalogReader, diff
from alembic_proof.catalog.ddl import changes_sql
from alembic_proof.postgres.scratch import scratch_database

from .battery import CASES, Case
from .chains import CHAINS
from .conftest import Database, make_roles, open_database, open_zoo
from .reading import commit, read_both
from .steps import FRESH, STEPS


def _turn_back(database: Database, reader: CatalogReader, case: Case, *, before: Catalog) -> bool:
    """Whether the database is as before the case again, by what ddl proposes."""
    now = read_both(database, reader, after=case.name)
    try:
        commit(database, *changes_sql(diff(now, before), now, before))
    except (sa.exc.DBAPIError, ValueError):
        database.rollback()
    return read_both(database, reader, after=f"back from {case.name}") == before


def test_every_single_change_is_read_as_by_a_whole_reading(admin_url: str) -> None:
    """All cases of the battery, there and back, one after the other."""
    with ExitStack() as stack:
        database: Database | None = None
        for case in CASES:
            if database is None:
                database, reader = stack.enter_context(open_zoo(admin_url)), CatalogReader()
            if case.since > database.major or "subscription" in case.name:
                continue
            before = read_both(database, reader, after=f"before {case.name}")
            commit(database, *case.setup)
            read_both(database, reader, after=f"setup of {case.name}")
            commit(database, *case.changes)
            if not _turn_back(database, reader, case, before=before):
                stack.close()
                database = None


@pytest.fixture(scope="module")
def own(admin_url: str) -> Iterator[Database]:
    """A database in which a test commits."""
    with scratch_database(admin_url, label="steps") as url, open_database(url) as database:
        make_roles(database)
        yield database


@pytest.fixture(scope="module")
def reader() -> CatalogReader:
    """The reader that has seen everything that happened in `own`."""
    return CatalogReader()


def _try(database: Database, *statements: str) -> bool:
    """Whether the statements fit; they are committed, or nothing is."""
    try:
        commit(database, *statements)
    except sa.exc.DBAPIError:
        database.rollback()
        return False
    return True


def test_every_step_is_read_as_by_a_whole_reading(own: Database, reader: CatalogReader) -> None:
    """Each step by itself, from the same beginning."""
    fits = 0
    for step in STEPS:
        assert _try(own, "SET DateStyle = 'ISO'", *FRESH)
        read_both(own, reader, after="a fresh beginning")
        fits += _try(own, step)
        read_both(own, reader, after=step)

    assert fits > len(STEPS) * 3 / 4


@pytest.mark.parametrize("chain", CHAINS)
def test_what_comes_in_an_order_is_read_as_by_whole_readings(
    own: Database, reader: CatalogReader, chain: tuple[tuple[str, ...], ...]
) -> None:
    """What is said and taken back."""
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
def test_every_chain_of_steps_is_read_as_by_whole_readings(
    own: Database, reader: CatalogReader, steps: list[str]
) -> None:
    """Whatever happens in whatever order."""
    assert _try(own, "SET DateStyle = 'ISO'", *FRESH)
    for number, step in enumerate(steps):
        if _try(own, step):
            read_both(own, reader, after="; ".join(steps[: number + 1]))
