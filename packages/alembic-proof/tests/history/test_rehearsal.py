"""A run of a step that is observed and rolled back."""

from __future__ import annotations

import pytest
from alembic.runtime.migration import MigrationContext
from sqlalchemy.engine import Connection

from alembic_proof.history.rehearsal import Rehearsal, rehearse
from alembic_proof.postgres.connect import run_on


def test_what_an_observer_raises_is_no_failure_of_the_step(scratch_url: str) -> None:
    """A fault of ours is seen, and the step is rolled back all the same."""

    def observe() -> None:
        raise RuntimeError("a fault of the observer")

    def run(connection: Connection) -> None:
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
