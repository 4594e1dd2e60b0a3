"""run_env(): one entry for every command of Alembic, with a database and without."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alembic import context
from alembic.runtime.migration import RevisionStep
from sqlalchemy import Connection, MetaData

from alembic_proof.env.advisory_lock import advisory_lock
from alembic_proof.env.bootstrap import Bootstrap, ensure_bootstrap
from alembic_proof.env.failures import as_command_errors
from alembic_proof.env.local import default_database_url, local_database
from alembic_proof.env.progress import Progress, last_line, progress_of, step_line
from alembic_proof.env.session import SEARCH_PATH, Place, prepare_session, read_place
from alembic_proof.env.steps import Steps
from alembic_proof.errors import ConfigError
from alembic_proof.history.command import RunningCommand, running_command
from alembic_proof.history.load import load_revisions
from alembic_proof.postgres.connect import run_on
from alembic_proof.postgres.url import DatabaseUrl

MakeBootstrap = Callable[[str | None], Bootstrap]
"""Makes the bootstrap for the local database's application login, None for another database."""


def run_env(
    *,
    target_metadata: MetaData | Sequence[MetaData],
    url: str | None = None,
    bootstrap: Bootstrap | MakeBootstrap | None = None,
    lock_timeout: str = "5s",
    wait_s: float = 600.0,
) -> None:
    """Ensures that Alembic's command is done; an env.py calls it and nothing else.

    The database is the first of: `config.attributes["connection"]`, a Connection that is used as
    it is (its settings, its transaction, no advisory lock); `config.attributes["url"]`; `url`; the
    local database that the pyproject.toml beside alembic.ini describes.
    `lock_timeout` is how long a statement waits for a lock, as PostgreSQL writes it; `wait_s` how
    long the command waits for another migration of the same database.

    Raises:
        CommandError: whatever goes wrong, in one clear message.
    """
    command = running_command()
    progress = progress_of(
        context.config, is_writing=command.is_writing, is_offline=command.is_offline
    )
    steps = Steps(command.work, tell=lambda step, s: progress.say(step_line(step, seconds=s)))
    with as_command_errors(steps):
        load_revisions(context.script)
        run = _Run(
            command=command,
            steps=steps,
            progress=progress,
            target_metadata=target_metadata,
            bootstrap=bootstrap,
            lock_timeout=lock_timeout,
            wait_s=wait_s,
        )
        run.start(url)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """One run of env.py."""

    command: RunningCommand
    steps: Steps
    progress: Progress
    target_metadata: MetaData | Sequence[MetaData]
    bootstrap: Bootstrap | MakeBootstrap | None
    lock_timeout: str
    wait_s: float

    def start(self, url: str | None) -> None:
        """Run the command where it belongs: in a script, on a connection, or on an URL."""
        attributes = context.config.attributes
        connection = attributes.get("connection")
        if not self.command.needs_database:
            self.run_offline()
        elif connection is not None:
            self.run_on_connection(connection, is_local=False)
        else:
            named = attributes.get("url") or url
            target = named or default_database_url(_directory())
            address = _address(DatabaseUrl.parse(target))
            run_on(target, lambda own: self.run_own(own, address=address, is_local=not named))

    def run_offline(self) -> None:
        """Write SQL to stdout, or do what needs no database at all."""
        self.configure(
            dialect_name="postgresql",
            dialect_opts={"paramstyle": "named"},
            as_sql=True,
            literal_binds=True,
        )
        migration = context.get_context()
        if self.command.is_offline and self.command.is_writing:
            first = self.steps.fetch(migration.get_current_heads(), migration)
            bootstrap = self.bootstrap_of(is_local=False)
            is_upgrade = isinstance(first, RevisionStep) and first.is_upgrade
            if bootstrap is not None and is_upgrade and not self.steps.start:
                migration.impl.static_output(bootstrap.script)
            if first is not None:
                migration.impl.static_output(f"SET lock_timeout = '{self.lock_timeout}';")
                migration.impl.static_output(f"{SEARCH_PATH};")
        context.run_migrations()

    def run_own(self, connection: Connection, *, address: str, is_local: bool) -> None:
        """Run on a connection of our own, alone on its database when the command writes."""
        prepare_session(connection, lock_timeout=self.lock_timeout)
        place = read_place(connection, address=address)
        connection.commit()
        self.progress.say(f"database: {place}")
        if not self.command.is_writing:
            self.run_on_connection(connection, is_local=is_local, place=place)
            return
        with advisory_lock(connection, wait_s=self.wait_s, say=self.progress.say):
            self.run_on_connection(connection, is_local=is_local, place=place)

    def run_on_connection(
        self, connection: Connection, *, is_local: bool, place: Place | None = None
    ) -> None:
        """Run on a connection; whoever gave it keeps its settings and its transaction."""
        is_outer = connection.in_transaction()
        place = place or read_place(connection)
        if not is_outer:
            connection.commit()
        self.configure(connection=connection)
        if self.command.is_writing:
            self.fetch_steps(connection, is_local=is_local)
        context.run_migrations()
        if not is_outer:
            connection.commit()
        if self.command.is_writing:
            self.progress.say(last_line(self.steps.start, self.steps.heads, place))

    def fetch_steps(self, connection: Connection, *, is_local: bool) -> None:
        """Learn what will run, and prepare the cluster when that begins with an upgrade."""
        is_outer = connection.in_transaction()
        migration = context.get_context()
        heads = () if self.command.has_purge else migration.get_current_heads()
        first = self.steps.fetch(heads, migration)
        if not is_outer:
            connection.commit()
        is_upgrade = isinstance(first, RevisionStep) and first.is_upgrade
        bootstrap = self.bootstrap_of(is_local=is_local)
        if bootstrap is not None and (is_upgrade or self.command.name == "upgrade"):
            ensure_bootstrap(connection, bootstrap)

    def bootstrap_of(self, *, is_local: bool) -> Bootstrap | None:
        """The bootstrap, made for this database when it is to be made."""
        if self.bootstrap is None or isinstance(self.bootstrap, Bootstrap):
            return self.bootstrap
        local = local_database(_directory()) if is_local else None
        return self.bootstrap(local.app_login if local else None)

    def configure(self, **options: Any) -> None:
        """Alembic's context with what holds for every command."""
        context.configure(
            target_metadata=self.target_metadata,
            transaction_per_migration=True,
            compare_type=True,
            compare_server_default=True,
            on_version_apply=self.steps.note_version,
            fn=self.steps,
            dont_mutate=not self.command.is_writing,
            **options,
        )


def _directory() -> Path:
    """Where alembic.ini lies.

    Raises:
        ConfigError: Alembic was configured without a file.
    """
    name = context.config.config_file_name
    if name is None:
        raise ConfigError("no database is named, and there is no alembic.ini to look beside")
    return Path(name).absolute().parent


def _address(url: DatabaseUrl) -> str:
    """Host and port, or the socket's directory."""
    hosts = (host if port is None else f"{host}:{port}" for host, port in url.hosts if host)
    return ", ".join(hosts) or "the default host"
