"""The fixture for tests of data migrations: a database just below a revision, moved over it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection

from alembic_proof.errors import HistoryError, ProofError
from alembic_proof.history.chain import ChainRevision, choose, reached, read_chain
from alembic_proof.history.environment import load_in_env
from alembic_proof.history.script import alembic_config
from alembic_proof.history.walk import Ground, Move, Proof, walk
from alembic_proof.postgres.connect import DRIVERS, run_on
from alembic_proof.postgres.url import DatabaseUrl
from alembic_proof.project import Project, history_databases, scratch_server_url
from alembic_proof.pytest_plugin.surroundings import kept_surroundings, outside_of_loops
from alembic_proof.rows.run import execute


@dataclass(frozen=True, slots=True, kw_only=True)
class DataMigration:
    """One revision, and a scratch database that it moves; also from within an event loop."""

    revision_id: str
    url: str
    project: Project

    def upgrade(self) -> None:
        """Ensures that the revision is applied; what it raises passes through."""
        self._move(Move(self.revision_id, is_upgrade=True))

    def downgrade(self) -> None:
        """Ensures that the revision is taken back; what it raises passes through."""
        self._move(Move(self.revision_id, is_upgrade=False))

    def execute(self, *statements: str) -> None:
        """Sends the statements in one transaction, as they are."""

        def send(connection: Connection) -> None:
            for statement in statements:
                execute(connection, statement)

        outside_of_loops(lambda: run_on(self._address(), send))

    def rows(self, query: str) -> Sequence[tuple[Any, ...]]:
        """What the query returns."""

        def fetch(connection: Connection) -> Sequence[tuple[Any, ...]]:
            return [tuple(row) for row in execute(connection, query)]

        return outside_of_loops(lambda: run_on(self._address(), fetch))

    def _address(self) -> str:
        """The URL of its own connections, with the driver that the settings name."""
        driver = self.project.alembic.route.driver
        if driver not in DRIVERS:
            return self.url
        return replace(DatabaseUrl.parse(self.url), driver=driver).sqlalchemy_url

    def _move(self, move: Move) -> None:
        def prove(ground: Ground) -> Iterator[Move]:
            if (move.revision_id in ground.heads) == move.is_upgrade:
                state = "is applied already" if move.is_upgrade else "is not applied"
                raise HistoryError(f"revision {move.revision_id} {state}")
            yield move

        move_database(self.project, url=self.url, prove=prove)


def move_database(project: Project, *, url: str, prove: Proof) -> None:
    """Ensures that the moves are made, each in a transaction; what a revision raises passes.

    Raises:
        HistoryError: an env.py that cannot be used, or goes to another database.
    """
    with kept_surroundings():
        config = alembic_config(project.alembic, url=url)
        failure = outside_of_loops(partial(walk, config, prove))
    if failure is not None:
        raise failure.error


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationOpener:
    """Gives a test its databases, which are gone when `stack` is closed."""

    project: Project
    stack: ExitStack

    def __call__(self, revision: str) -> DataMigration:
        """The revision in a fresh database that has all that it needs, and not the revision.

        Broken surroundings fail the test in one message: no such revision, no server, an env.py
        that goes to another database.
        """
        try:
            return self._open_below(revision)
        except ProofError as error:
            said = str(error)
        pytest.fail(said, pytrace=False)  # outside: what it came from would be shown as well

    def _open_below(self, revision: str) -> DataMigration:
        with kept_surroundings():
            url = outside_of_loops(self._open)
            target, below = outside_of_loops(lambda: self._find(revision, url=url))
        moves = [Move(name, is_upgrade=True) for name in below]
        move_database(self.project, url=url, prove=lambda _: iter(moves))
        return DataMigration(revision_id=target.revision_id, url=url, project=self.project)

    def _open(self) -> str:
        server_url = scratch_server_url(self.project, os.environ)
        databases = history_databases(self.project, server_url, label="pytest migration")
        return self.stack.enter_context(databases)()

    def _find(self, name: str, *, url: str) -> tuple[ChainRevision, tuple[str, ...]]:
        """The revision, and the ids of all that it needs in chain order."""
        script = load_in_env(alembic_config(self.project.alembic, url=url))
        chain = read_chain(script)
        chosen = choose(script, chain, names=[name])
        if len(chosen) != 1:
            raise HistoryError(
                f"{name} is no single revision", todo="`alembic history` lists the revisions"
            )
        [revision_id] = chosen
        [target] = [one for one in chain if one.revision_id == revision_id]
        return target, reached(chain, target.needs)
