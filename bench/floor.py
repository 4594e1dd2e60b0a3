"""The floor: the statements of the walk, sent again on one bare connection."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

import psycopg
import sqlalchemy as sa

from alembic_proof.history.chain import load_history, read_chain
from alembic_proof.history.script import alembic_config
from alembic_proof.history.walk import Ground, Move, walk
from alembic_proof.postgres.scratch import scratch_database
from alembic_proof.postgres.url import DatabaseUrl
from alembic_proof.project import find_project

_COMMIT = ("COMMIT", None)
Statement = tuple[str, Any]


@dataclass(slots=True)
class Recording:
    """What was sent while every revision went up, down and up again, and how long that took."""

    statements: list[Statement] = field(default_factory=list)
    elapsed_s: float = 0.0


def walk_alone(ini: Path, *, server_url: str) -> Recording:
    """The walk without a single look at the catalog.

    Raises:
        RuntimeError: a revision failed.
    """
    recording = Recording()
    project = find_project(ini).alembic
    names = [revision.revision_id for revision in read_chain(load_history(alembic_config(project)))]

    def proof(ground: Ground) -> Iterator[Move]:
        _listen(ground.connection, recording.statements)
        for name in names:
            yield Move(name, is_upgrade=True)
            yield Move(name, is_upgrade=False)
            yield Move(name, is_upgrade=True)

    with scratch_database(server_url, label="walk") as url:
        start = perf_counter()
        failure = walk(alembic_config(project, url=url), proof)
        recording.elapsed_s = perf_counter() - start
    if failure is not None:
        raise RuntimeError(f"{failure.move.revision_id}: {failure.error}")
    return recording


def _listen(connection: sa.Connection, statements: list[Statement]) -> None:
    def note(*event: Any) -> None:
        statements.append((event[2], event[3] or None))

    sa.event.listen(connection, "before_cursor_execute", note)
    sa.event.listen(connection, "commit", lambda _: statements.append(_COMMIT))


def replay_s(recording: Recording, *, server_url: str) -> float:
    """How long the statements take one after the other, each step in its transaction."""
    with (
        scratch_database(server_url, label="floor") as url,
        psycopg.connect(DatabaseUrl.parse(url).dsn) as connection,
    ):
        connection.execute(
            "CREATE TABLE alembic_version (version_num varchar(32) NOT NULL PRIMARY KEY)"
        )
        connection.commit()
        start = perf_counter()
        for sql, parameters in recording.statements:
            if (sql, parameters) == _COMMIT:
                connection.commit()
            else:
                connection.execute(sql, parameters)
        return perf_counter() - start
