"""The floor: the statements of the walk, sent again on one bare connection."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

import psycopg
import sqlalchemy as sa

from alembic_deploy.url import DatabaseUrl
from alembic_proof.history.alembic_config import alembic_config
from alembic_proof.history.project import find_project
from alembic_proof.history.revisions import load_history, read_chain
from alembic_proof.history.steps import StepRequest, WalkContext, walk
from alembic_proof.scratch import scratch_database

_COMMIT = ("COMMIT", None)
Statement = tuple[str, Any]


@dataclass(slots=True)
class Recording:
    """The statements of every revision's up, down and up again, and their duration."""

    statements: list[Statement] = field(default_factory=list)
    elapsed_s: float = 0.0


def walk_alone(ini: Path, *, server_url: str) -> Recording:
    """Walk without reading the catalog.

    Raises:
        RuntimeError: a revision failed.
    """
    recording = Recording()
    project = find_project(ini)
    names = [revision.revision_id for revision in read_chain(load_history(alembic_config(project)))]

    def proof(context: WalkContext) -> Iterator[StepRequest]:
        _listen(context.connection, recording.statements)
        for name in names:
            yield StepRequest(name, is_upgrade=True)
            yield StepRequest(name, is_upgrade=False)
            yield StepRequest(name, is_upgrade=True)

    with scratch_database(server_url, label="walk") as url:
        start = perf_counter()
        failure = walk(alembic_config(project, url=url), proof)
        recording.elapsed_s = perf_counter() - start
    if failure is not None:
        raise RuntimeError(f"{failure.request.revision_id}: {failure.error}")
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
