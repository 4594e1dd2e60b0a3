"""run_env(): one entry for every command of Alembic, with a database and without."""

from __future__ import annotations

import os
from collections.abc import Sequence

from alembic import context
from sqlalchemy import MetaData

from alembic_proof.env.bootstrap import Bootstrap
from alembic_proof.env.failures import as_command_errors
from alembic_proof.env.local import default_database_url, named_database_url
from alembic_proof.env.offline import run_offline
from alembic_proof.env.online import run_on_connection, run_on_url
from alembic_proof.env.progress import progress_of
from alembic_proof.env.request import MakeBootstrap, Request, ini_directory
from alembic_proof.env.steps import Steps
from alembic_proof.history.command import running_command
from alembic_proof.history.load import load_revisions
from alembic_proof.history.revision_file import SafeRevisionFiles
from alembic_proof.history.revision_message import clean_message
from alembic_proof.history.terminal import is_command_line, prepare_terminal


def run_env(
    *,
    target_metadata: MetaData | Sequence[MetaData],
    url: str | None = None,
    bootstrap: Bootstrap | MakeBootstrap | None = None,
    lock_timeout: str = "5s",
    wait_s: float = 600.0,
    reset_command: str = "alembic-proof server reset",
) -> None:
    """Ensures that Alembic's command is done; an env.py calls it and nothing else.

    The database is the first of: `config.attributes["connection"]`, a Connection that is used as
    it is (its settings, its transaction, no advisory lock); `config.attributes["url"]`; `url`; the
    environment variable that `url_env` in the pyproject.toml beside alembic.ini names; the local
    database that this file describes.
    `lock_timeout` is how long a statement waits for a lock, as PostgreSQL writes it; `wait_s` how
    long the command waits for another migration of the same database. `reset_command` is what empties
    the local database, as messages name it.

    Raises:
        CommandError: whatever goes wrong, in one clear message.
    """
    command = running_command()
    progress = progress_of(context.config, command)
    steps = Steps(
        command, tell=progress.tell_step, answer=progress.answer, reset_command=reset_command
    )
    with as_command_errors(steps, is_command_line=is_command_line(context.config)):
        prepare_terminal(context.config)
        request = Request(
            command=command,
            target_metadata=target_metadata,
            bootstrap=bootstrap,
            lock_timeout=lock_timeout,
            wait_s=wait_s,
            steps=steps,
            progress=progress,
        )
        _prepare_files(request)
        _run_where_it_belongs(request, url)


def _prepare_files(request: Request) -> None:
    """Load the history; a command that makes a revision makes it safely, or fails at once."""
    command, script = request.command, context.script
    load_revisions(script)
    compared_heads = script.get_heads() if command.is_autogenerate else None
    is_revision = command.name == "revision"
    # A program that asks for a blank revision fills it.
    is_blank = is_revision and not command.is_autogenerate and is_command_line(context.config)
    SafeRevisionFiles(script, compared_heads=compared_heads, is_blank=is_blank).pin()
    if is_revision:
        clean_message(command.message)


def _run_where_it_belongs(request: Request, url: str | None) -> None:
    attributes = context.config.attributes
    connection = attributes.get("connection")
    named = attributes.get("url") or url
    if not request.command.needs_database:
        run_offline(request)
    elif connection is not None:
        run_on_connection(request, connection)
    elif named or (named := named_database_url(ini_directory(), os.environ)):
        run_on_url(request, named, is_local=False)
    else:
        run_on_url(request, default_database_url(ini_directory()), is_local=True)
