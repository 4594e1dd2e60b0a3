"""What an env.py hands to Alembic, observed while it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData

from alembic_proof.errors import HistoryError


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """The models' metadata and where the version is kept."""

    metadata: MetaData
    version_table: str
    version_schema: str | None


def read_environment(config: Config) -> Environment:
    """What the project's env.py configures; it is run once, on the config's database, for this.

    Nothing is migrated and the version table is not made.

    Raises:
        HistoryError: an env.py that hands over no metadata, or several.
        CommandError: an env.py that cannot run.
    """
    seen: list[MigrationContext] = []

    def look(_heads: Any, context: MigrationContext) -> tuple[()]:
        seen.append(context)
        return ()

    script = ScriptDirectory.from_config(config)
    with EnvironmentContext(config, script, fn=look, dont_mutate=True):
        script.run_env()
    if not seen:
        raise HistoryError("env.py configured no migration context", where=f"{script.dir}/env.py")
    context = seen[-1]
    return Environment(
        metadata=_metadata(context, script=script),
        version_table=context.version_table,
        version_schema=context.version_table_schema,
    )


def _metadata(context: MigrationContext, *, script: ScriptDirectory) -> MetaData:
    metadata = context.opts.get("target_metadata")
    if not isinstance(metadata, MetaData):
        raise HistoryError(
            "env.py hands over no target_metadata, or several",
            where=f"{script.dir}/env.py",
            todo="give context.configure (or run_env) the models' one MetaData",
        )
    return metadata
