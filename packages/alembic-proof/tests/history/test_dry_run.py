"""A step that is tried before it runs for good."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.runtime.migration import MigrationContext

from alembic_deploy.connect import run_on
from alembic_proof.history.dry_run import Rehearsal, rehearse, run_and_roll_back

SEEN = "SELECT count(*), max(id) FROM t"


def tried(
    url: str, step: Callable[[MigrationContext], None], *, is_external: bool = False
) -> tuple[bool, list[Any], list[Any]]:
    """Whether the step was taken back, what a look saw, and what there is after it ran for good."""

    def work(connection: sa.Connection) -> tuple[bool, list[Any], list[Any]]:
        connection.exec_driver_sql("CREATE TABLE t (id serial PRIMARY KEY, at timestamptz)")
        connection.commit()
        seen: list[Any] = []
        if is_external:
            connection.begin()
        migration = MigrationContext.configure(connection, opts={"transaction_per_migration": True})
        with migration.begin_transaction(_per_migration=True):
            is_back = run_and_roll_back(
                migration,
                step=lambda: step(migration),
                look=lambda: seen.extend(connection.exec_driver_sql(SEEN).one()),
            )
            if is_back:
                step(migration)
        return is_back, seen, [*connection.exec_driver_sql(SEEN).one()]

    return run_on(url, work)


def insert(migration: MigrationContext) -> None:
    """One row with the next number and the time."""
    assert migration.connection is not None
    migration.connection.exec_driver_sql("INSERT INTO t (at) VALUES (now())")


@pytest.mark.parametrize("is_external", [False, True], ids=["own", "external"])
def test_a_step_is_observed_and_rolled_back(scratch_url: str, *, is_external: bool) -> None:
    """Its rows are there for the look alone; the sequence goes on."""
    assert tried(scratch_url, insert, is_external=is_external) == (True, [1, 1], [1, 2])


def test_each_run_has_a_time_of_its_own(scratch_url: str) -> None:
    """now() is constant in a transaction and later in the next one."""
    times = []

    def step(migration: MigrationContext) -> None:
        assert migration.connection is not None
        times.append(migration.connection.exec_driver_sql("SELECT now()").scalar_one())

    tried(scratch_url, step)

    assert times[0] < times[1]


def test_a_step_that_commits_has_run_for_good(scratch_url: str) -> None:
    """It is not looked at and not run again."""

    def in_autocommit(migration: MigrationContext) -> None:
        with migration.autocommit_block():
            insert(migration)

    def by_hand(migration: MigrationContext) -> None:
        assert migration.connection is not None
        insert(migration)
        migration.connection.exec_driver_sql("COMMIT")

    assert tried(scratch_url, in_autocommit) == (False, [], [1, 1])
    run_on(scratch_url, lambda connection: drop(connection))
    assert tried(scratch_url, by_hand) == (False, [], [1, 1])


def drop(connection: sa.Connection) -> None:
    """Take the table away."""
    connection.exec_driver_sql("DROP TABLE t")
    connection.commit()


def test_a_step_that_fails_fails_at_once(scratch_url: str) -> None:
    """Its own error comes through."""

    def fail(_: MigrationContext) -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        tried(scratch_url, fail)


def test_an_error_of_the_observer_is_no_failure_of_the_step(scratch_url: str) -> None:
    """An internal error is raised, and the step is rolled back nevertheless."""

    def observe() -> None:
        raise RuntimeError("a fault of the observer")

    def run(connection: sa.Connection) -> None:
        rehearsal = Rehearsal(observe=observe, after_statement=lambda _: None)
        migration = MigrationContext.configure(connection)
        with pytest.raises(RuntimeError, match="of the observer"):
            rehearse(
                migration,
                rehearsal,
                step=lambda: connection.exec_driver_sql("CREATE TABLE t ()").close(),
                path="",
            )
        assert connection.exec_driver_sql("SELECT to_regclass('t')").scalar() is None

    run_on(scratch_url, run)
