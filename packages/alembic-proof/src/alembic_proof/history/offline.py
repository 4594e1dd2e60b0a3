"""Write the script of `alembic upgrade --sql` and `downgrade --sql` through the project's env.py."""

from __future__ import annotations

import io
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Any

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext, RevisionStep
from alembic.script import ScriptDirectory

from alembic_deploy.errors import HistoryError
from alembic_proof.history.env_py import explained_failures, run_env_py
from alembic_proof.history.guarded_step import guarded_step


@dataclass(frozen=True, slots=True)
class UnwrittenStep:
    """A revision whose step raises when it is written as SQL."""

    revision_id: str
    error: Exception


@dataclass(frozen=True, slots=True, kw_only=True)
class OfflineScript:
    """The SQL of some revisions in one direction, with the transactions that env.py configures."""

    text: str
    starts: tuple[int, ...]
    """The index in the text at which each revision's part begins."""
    revision_ids: tuple[str, ...]
    unwritten: tuple[UnwrittenStep, ...]
    """The revisions that are missing in the script, which makes it useless."""
    version_table: str
    version_schema: str | None

    def revision_at(self, position: int) -> str:
        """Return the id of the revision whose part contains the index."""
        return self.revision_ids[max(bisect_right(self.starts, position) - 1, 0)]


def write_script(
    config: Config,
    script: ScriptDirectory,
    revision_ids: Sequence[str],
    *,
    is_upgrade: bool,
    heads: Sequence[str],
) -> OfflineScript:
    """Return the SQL of these revisions, in this order, for a database at `heads`.

    Writing goes on after a revision that raises, so that all such revisions are reported at once.

    :raises HistoryError: env.py cannot run without a connection, or writes nothing.
    """
    writing = _Writing(revision_ids, is_upgrade=is_upgrade)
    config.output_buffer = writing.output
    options: dict[str, Any] = {
        "fn": writing.steps,
        "as_sql": True,
        "starting_rev": list(heads) or None,
        "destination_rev": revision_ids[-1],
    }
    with redirect_stdout(io.StringIO()), explained_failures(config):
        run_env_py(EnvironmentContext(config, script, **options))
    migration, text = writing.migration, writing.output.getvalue()
    if migration is None or not text.strip():
        raise HistoryError(
            "env.py writes no SQL",
            where=f"{script.dir}/env.py",
            todo="let it configure a context with a URL if context.is_offline_mode()",
        )
    return OfflineScript(
        text=text,
        starts=tuple(writing.starts),
        revision_ids=tuple(revision_ids),
        unwritten=tuple(writing.unwritten),
        version_table=migration.version_table,
        version_schema=migration.version_table_schema,
    )


class _Writing:
    """The function that Alembic calls, and the state of the script that it writes."""

    def __init__(self, revision_ids: Sequence[str], *, is_upgrade: bool) -> None:
        self._revision_ids = revision_ids
        self._is_upgrade = is_upgrade
        self.output = io.StringIO()
        self.starts: list[int] = []
        self.unwritten: list[UnwrittenStep] = []
        self.migration: MigrationContext | None = None

    def steps(self, _heads: Any, migration: MigrationContext) -> Iterator[RevisionStep]:
        """Yield the steps of the revisions: this is Alembic's `fn`."""
        self.migration = migration
        if migration.script is None:
            raise HistoryError("env.py configures a context without a script directory")
        for revision_id in self._revision_ids:
            self.starts.append(self.output.tell())
            revision = migration.script.get_revision(revision_id)
            step = RevisionStep(migration.script.revision_map, revision, self._is_upgrade)
            yield self._recording(guarded_step(step), revision_id)

    def _recording(self, step: RevisionStep, revision_id: str) -> RevisionStep:
        migrate = step.migration_fn

        def write(**arguments: Any) -> None:
            try:
                migrate(**arguments)
            except Exception as error:
                self.unwritten.append(UnwrittenStep(revision_id, error))

        step.migration_fn = write
        return step
