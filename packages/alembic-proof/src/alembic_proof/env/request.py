"""What one run of env.py was asked for, and Alembic's context configured for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alembic import context
from alembic.operations.ops import MigrationScript
from alembic.runtime.migration import MigrationContext, MigrationStep, RevisionStep
from sqlalchemy import MetaData

from alembic_proof.env.bootstrap import Bootstrap
from alembic_proof.env.local import local_database
from alembic_proof.env.progress import Progress
from alembic_proof.env.steps import Steps
from alembic_proof.errors import ConfigError
from alembic_proof.history.command import RunningCommand

MakeBootstrap = Callable[[str | None], Bootstrap]
"""Makes the bootstrap for the local database's application login, None for another database."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The command, what run_env() was given, and what the run notes and says."""

    command: RunningCommand
    target_metadata: MetaData | Sequence[MetaData]
    bootstrap: Bootstrap | MakeBootstrap | None
    lock_timeout: str
    wait_s: float
    steps: Steps
    progress: Progress

    def configure(self, **options: Any) -> MigrationContext:
        """Alembic's context: what holds for every command, and the given options."""
        context.configure(
            target_metadata=self.target_metadata,
            transaction_per_migration=True,
            compare_type=True,
            compare_server_default=True,
            process_revision_directives=self._leave_out_nothing,
            on_version_apply=self.steps.note_version,
            fn=self.steps,
            dont_mutate=not self.command.is_writing,
            **options,
        )
        return context.get_context()

    def bootstrap_for(self, first: MigrationStep | None, *, is_local: bool) -> Bootstrap | None:
        """What the command's first step needs in the cluster: an upgrade needs the bootstrap."""
        is_upgrade = isinstance(first, RevisionStep) and first.is_upgrade
        if not is_upgrade and self.command.name != "upgrade":
            return None
        if self.bootstrap is None or isinstance(self.bootstrap, Bootstrap):
            return self.bootstrap
        local = local_database(ini_directory()) if is_local else None
        return self.bootstrap(local.app_login if local else None)

    def _leave_out_nothing(
        self, _migration: MigrationContext, _revision: Any, directives: list[MigrationScript]
    ) -> None:
        """Make no file when autogenerate has found no change."""
        if not self.command.is_autogenerate or not directives:
            return
        operations = directives[0].upgrade_ops
        if operations is not None and operations.is_empty():
            directives.clear()
            self.progress.answer("nothing to change: the models and the database agree")


def ini_directory() -> Path:
    """Where alembic.ini lies, or the pyproject.toml that takes its place.

    Raises:
        ConfigError: Alembic was configured without a file.
    """
    config = context.config
    name = config.config_file_name or getattr(config, "toml_file_name", None)
    if name is None:
        raise ConfigError("no database is named, and there is no alembic.ini to look beside")
    return Path(name).absolute().parent
