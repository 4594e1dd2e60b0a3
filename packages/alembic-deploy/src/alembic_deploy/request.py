"""The request of one run of env.py: the command, the arguments of run_env(), and the observers."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any

from alembic import context
from alembic.operations.ops import MigrationScript
from alembic.runtime.migration import MigrationContext, MigrationStep, RevisionStep
from sqlalchemy import MetaData
from sqlalchemy.engine import Connection

from alembic_deploy.backfill.checkpoint import CHECKPOINTS, unfinished_backfills
from alembic_deploy.bootstrap import Bootstrap, ensure_bootstrap
from alembic_deploy.command import RunningCommand
from alembic_deploy.connect import DatabaseInfo
from alembic_deploy.deployment import Deployment, Preparation
from alembic_deploy.events import Finished
from alembic_deploy.limits import Limits
from alembic_deploy.progress import Progress, name_of
from alembic_deploy.settings import ini_directory, local_database
from alembic_deploy.steps import Steps

ReviseDirectives = Callable[[MigrationContext, Any, list[MigrationScript]], None]
"""Alembic's hook that may change what a new revision will contain."""

MakeBootstrap = Callable[[str | None], Bootstrap]
"""Makes the bootstrap for the local database's application login, None for another database."""


def _is_compared(name: str | None, type_: str, _parents: MutableMapping[Any, Any]) -> bool:
    """Return whether autogenerate compares it, as Alembic's `include_name`: no model has checkpoints."""
    return (type_, name) != ("table", CHECKPOINTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvOptions:
    """What an env.py gives to run_env()."""

    target_metadata: MetaData | Sequence[MetaData]
    bootstrap: Bootstrap | MakeBootstrap | None
    variable_prefix: str
    reset_command: str
    rebase_command: str
    revise: ReviseDirectives | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What env.py is run for, and what observes it."""

    command: RunningCommand
    options: EnvOptions
    deployment: Deployment
    limits: Limits
    steps: Steps
    progress: Progress

    def configure(self, **more: Any) -> MigrationContext:
        """Configure Alembic's context with the given options and those of every command."""
        context.configure(
            target_metadata=self.options.target_metadata,
            transaction_per_migration=True,
            compare_type=True,
            compare_server_default=True,
            process_revision_directives=self._process_directives,
            include_name=_is_compared,
            on_version_apply=self.steps.note_version,
            fn=self.steps,
            dont_mutate=not self.command.is_writing,
            **more,
        )
        return context.get_context()

    def prepare_database(self, connection: Connection, *, is_local: bool) -> None:
        """Fetch the first step, and run the bootstrap if that step needs it."""
        is_outer = connection.in_transaction()
        migration = context.get_context()
        heads = () if self.command.has_purge else migration.get_current_heads()
        first = self.steps.fetch(heads, migration)
        if not is_outer:
            connection.commit()
        bootstrap = self.bootstrap_for(first, is_local=is_local)
        is_dry_run = self.deployment.preparation is Preparation.DRY_RUN
        if bootstrap is not None and not is_dry_run:
            ensure_bootstrap(connection, bootstrap)

    def bootstrap_for(self, first: MigrationStep | None, *, is_local: bool) -> Bootstrap | None:
        """Return the bootstrap if the command needs it: an upgrade does, nothing else does."""
        is_upgrade = isinstance(first, RevisionStep) and first.is_upgrade
        if not is_upgrade and self.command.name != "upgrade":
            return None
        bootstrap = self.options.bootstrap
        if bootstrap is None or isinstance(bootstrap, Bootstrap):
            return bootstrap
        local = local_database(ini_directory(context.config)) if is_local else None
        return bootstrap(local.app_login if local else None)

    def report_end(self, database: DatabaseInfo) -> None:
        """Report that the command has ended without an error."""
        steps = self.steps
        is_upgrade = self.command.name == "upgrade"
        unfinished = unfinished_backfills(context.get_context()) if is_upgrade else ()
        self.progress.emit(
            Finished(
                before=name_of(steps.start),
                after=name_of(steps.heads),
                database=str(database),
                longest_held_ms=steps.longest_held_ms,
                resumed_backfills=steps.resumed_backfills,
                unfinished_backfills=tuple(map(str, unfinished)),
            )
        )

    def _process_directives(
        self, migration: MigrationContext, revision: Any, directives: list[MigrationScript]
    ) -> None:
        """Call the project's hook, and make no file when autogenerate has found no change."""
        if not self.command.is_autogenerate:
            return
        if self.options.revise is not None:
            self.options.revise(migration, revision, directives)
        operations = directives[0].upgrade_ops if directives else None
        if operations is None or operations.is_empty():
            directives.clear()
            self.progress.print_result("nothing to change: the models and the database agree")
