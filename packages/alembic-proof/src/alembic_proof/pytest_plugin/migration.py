"""The fixture for tests of data migrations: a database just below a revision, and the revision."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection

from alembic_deploy.connect import run_on
from alembic_deploy.errors import DeployError, HistoryError
from alembic_deploy.url import DRIVERS, DatabaseUrl
from alembic_proof.history.alembic_config import alembic_config
from alembic_proof.history.env_py import load_in_env
from alembic_proof.history.project import Project
from alembic_proof.history.revisions import ChainRevision, choose, reached, read_chain
from alembic_proof.history.steps import Proof, StepRequest, WalkContext, walk
from alembic_proof.pytest_plugin.session import restored_process_state, run_outside_event_loop
from alembic_proof.rows.savepoint_batch import execute
from alembic_proof.scratch import history_databases, scratch_server_url


@dataclass(frozen=True, slots=True, kw_only=True)
class DataMigration:
    """One revision and a scratch database; its methods also work inside an event loop."""

    revision_id: str
    url: str
    project: Project

    def upgrade(self) -> None:
        """Apply the revision; an error of its own passes through."""
        self._move(StepRequest(self.revision_id, is_upgrade=True))

    def downgrade(self) -> None:
        """Undo the revision; an error of its own passes through."""
        self._move(StepRequest(self.revision_id, is_upgrade=False))

    def execute(self, *statements: str) -> None:
        """Run the statements in one transaction, without any escaping."""

        def send(connection: Connection) -> None:
            for statement in statements:
                execute(connection, statement)

        run_outside_event_loop(lambda: run_on(self._address(), send))

    def rows(self, query: str) -> Sequence[tuple[Any, ...]]:
        """Return the rows of a query."""

        def fetch(connection: Connection) -> Sequence[tuple[Any, ...]]:
            return [tuple(row) for row in execute(connection, query)]

        return run_outside_event_loop(lambda: run_on(self._address(), fetch))

    def _address(self) -> str:
        """Return the URL of our own connections, with the driver that the settings name."""
        driver = self.project.settings.driver
        if driver not in DRIVERS:
            return self.url
        return replace(DatabaseUrl.parse(self.url), driver=driver).sqlalchemy_url

    def _move(self, request: StepRequest) -> None:
        def prove(context: WalkContext) -> Iterator[StepRequest]:
            if (request.revision_id in context.heads) == request.is_upgrade:
                state = "is applied already" if request.is_upgrade else "is not applied"
                raise HistoryError(f"revision {request.revision_id} {state}")
            yield request

        move_database(self.project, url=self.url, prove=prove)


def move_database(project: Project, *, url: str, prove: Proof) -> None:
    """Run the steps, each in a transaction; an error of a revision passes through.

    :raises HistoryError: An env.py that cannot be used, or that connects to another database.
    """
    with restored_process_state():
        config = alembic_config(project, url=url)
        failure = run_outside_event_loop(partial(walk, config, prove))
    if failure is not None:
        raise failure.error


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationOpener:
    """Open databases for a test; closing `stack` drops them."""

    project: Project
    stack: ExitStack

    def __call__(self, revision: str) -> DataMigration:
        """Return the revision over a fresh database in which all revisions that it needs are applied.

        A setup error fails the test with one message: no such revision, no server, an env.py that
        connects to another database.
        """
        try:
            return self._open_below(revision)
        except DeployError as error:
            message = str(error)
        pytest.fail(message, pytrace=False)  # outside, or pytest would show the causes of the error

    def _open_below(self, revision: str) -> DataMigration:
        with restored_process_state():
            url = run_outside_event_loop(self._open)
            target, below = run_outside_event_loop(lambda: self._find(revision, url=url))
        requests = [StepRequest(name, is_upgrade=True) for name in below]
        move_database(self.project, url=url, prove=lambda _: iter(requests))
        return DataMigration(revision_id=target.revision_id, url=url, project=self.project)

    def _open(self) -> str:
        server_url = scratch_server_url(self.project, os.environ)
        databases = history_databases(self.project, server_url, label="pytest migration")
        return self.stack.enter_context(databases)()

    def _find(self, name: str, *, url: str) -> tuple[ChainRevision, tuple[str, ...]]:
        """Return the revision, and the ids of all that it needs in the order of the history."""
        script = load_in_env(alembic_config(self.project, url=url))
        chain = read_chain(script)
        chosen = choose(script, chain, names=[name])
        if len(chosen) != 1:
            raise HistoryError(
                f"{name} is no single revision", todo="`alembic history` lists the revisions"
            )
        [revision_id] = chosen
        [target] = [one for one in chain if one.revision_id == revision_id]
        return target, reached(chain, target.needs)
