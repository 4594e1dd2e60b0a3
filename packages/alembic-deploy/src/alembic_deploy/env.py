"""run_env(): all that an env.py does, for every command of Alembic, with a database and without."""

from __future__ import annotations

import asyncio
import io
import os
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from functools import partial

from alembic import context
from alembic.runtime.migration import MigrationStep
from alembic.util import CommandError
from sqlalchemy import MetaData
from sqlalchemy.engine import Connection

from alembic_deploy.bootstrap import Bootstrap
from alembic_deploy.command import (
    RunningCommand,
    is_command_line,
    prepare_terminal,
    running_command,
)
from alembic_deploy.connect import read_database_info
from alembic_deploy.deployment import (
    ATTRIBUTE,
    TAKEN_UP,
    Deployment,
    Preparation,
    deployment_of,
)
from alembic_deploy.downgrade import Answer, confirm_downgrade
from alembic_deploy.errors import ConfigError
from alembic_deploy.events import Observe
from alembic_deploy.failures import as_command_errors
from alembic_deploy.limits import (
    Limits,
    WrittenLimits,
    duration_text,
    environment_limits,
    read_limits,
    written_limits,
)
from alembic_deploy.new_revision import SafeRevisionFiles, clean_message
from alembic_deploy.own_session import run_on_url, run_steps
from alembic_deploy.process_exit import exit_on_signals
from alembic_deploy.progress import progress_of
from alembic_deploy.request import EnvOptions, MakeBootstrap, Request, ReviseDirectives
from alembic_deploy.revisions import load_revisions
from alembic_deploy.search_path import guard_script
from alembic_deploy.session import SEARCH_PATH
from alembic_deploy.settings import (
    TABLE,
    configured_directory,
    default_database_url,
    ini_directory,
    named_database_url,
    read_deploy_table,
)
from alembic_deploy.steps import Steps
from alembic_deploy.telemetry import traced_command


def run_env(
    *,
    target_metadata: MetaData | Sequence[MetaData],
    url: str | None = None,
    bootstrap: Bootstrap | MakeBootstrap | None = None,
    variable_prefix: str = "",
    reset_command: str = "local-postgres reset",
    rebase_command: str = "",
    process_revision_directives: ReviseDirectives | None = None,
) -> None:
    """Run the command that Alembic was called with; an env.py calls this and nothing else.

        from alembic_deploy.env import run_env
        from shop.models import metadata

        run_env(target_metadata=metadata)

    The database is the first of these: `config.attributes["connection"]`, a Connection that is used
    as it is (its settings, its transaction, no advisory lock); `config.attributes["url"]`; `url`;
    the environment variable named by `url_env` in the pyproject.toml beside alembic.ini; the local
    database that this file describes.

    :param bootstrap: Statements that an upgrade needs to have run, such as CREATE ROLE; or a
        function that makes them.
    :param variable_prefix: The prefix of the environment variables that set limits: with "SHOP_",
        SHOP_LOCK_TIMEOUT sets lock_timeout. Empty for none.
    :param reset_command: The command that empties the local database, for messages.
    :param rebase_command: The command that puts the revisions of a branch behind another head, for
        messages; empty where there is none, as in production.
    :param process_revision_directives: As in `context.configure()`, but called for `revision
        --autogenerate` only: `complete_revision` of `alembic_proof.authoring` where that is installed.
    :raises CommandError: Whatever goes wrong, in one clear message.
    """
    command = running_command()
    context.config.attributes[TAKEN_UP] = True
    options = EnvOptions(
        target_metadata=target_metadata,
        bootstrap=bootstrap,
        variable_prefix=variable_prefix,
        reset_command=reset_command,
        rebase_command=rebase_command,
        revise=process_revision_directives,
    )
    with traced_command(command.name) as observe:
        _run(_request(command, options, observe=observe), url)


def _request(command: RunningCommand, options: EnvOptions, *, observe: Observe | None) -> Request:
    deployment = _deployment(command)
    if deployment.preparation is Preparation.NONE:
        command = replace(command, is_writing=False)
    is_json = deployment.log_format == "json"
    progress = progress_of(context.config, command, is_json=is_json, observe=observe)
    limits = _limits(deployment, options.variable_prefix)
    steps = Steps(
        command,
        progress=progress,
        reset_command=options.reset_command,
        rebase_command=options.rebase_command,
        limits=limits,
        is_backfill_skipped=deployment.is_backfill_skipped,
    )
    return Request(
        command=command,
        options=options,
        deployment=deployment,
        limits=limits,
        steps=steps,
        progress=progress,
    )


def _run(request: Request, url: str | None) -> None:
    """Run the command; errors become CommandErrors, and signals end Alembic's own command line."""
    is_plain = is_command_line(context.config)
    with exit_on_signals() if is_plain else nullcontext(), as_command_errors(request.steps):
        prepare_terminal(context.config)
        _prepare_files(request.command, request.options.rebase_command)
        _dispatch(request, url)


def _deployment(command: RunningCommand) -> Deployment:
    """Return the deployment that a program asks for; plain Alembic's `downgrade` asks on a terminal.

    :raises ConfigError: As `deployment_of`.
    """
    config = context.config
    deployment = deployment_of(config)
    is_plain = ATTRIBUTE not in config.attributes and is_command_line(config)
    if not is_plain or command.name != "downgrade":
        return deployment
    answer = Answer.YES if "yes" in context.get_x_argument() else Answer.ON_TERMINAL
    return replace(deployment, before=(partial(confirm_downgrade, answer=answer, option="-x yes"),))


def _limits(deployment: Deployment, variable_prefix: str) -> Limits:
    """Return the limits of the settings file, the environment and the command line; the last wins.

    :raises CommandError: A value that cannot be used.
    """
    try:
        return read_limits(
            _limits_of_file(),
            environment_limits(os.environ, prefix=variable_prefix),
            written_limits(deployment.limits, where="command line"),
        )
    except ConfigError as error:
        raise CommandError(str(error)) from error


def _limits_of_file() -> WrittenLimits:
    directory = configured_directory(context.config)
    if directory is None:
        return {}
    file = directory.resolve() / "pyproject.toml"
    return written_limits(read_deploy_table(directory), where=f"{file}, {TABLE}")


def _prepare_files(command: RunningCommand, rebase_command: str) -> None:
    """Load the history; a command that makes a revision makes it safely, or fails now."""
    script = context.script
    load_revisions(script)
    compared_heads = script.get_heads() if command.is_autogenerate else None
    is_revision = command.name == "revision"
    # A program that makes a blank revision fills it itself.
    is_blank = is_revision and not command.is_autogenerate and is_command_line(context.config)
    SafeRevisionFiles(
        script, compared_heads=compared_heads, is_blank=is_blank, rebase_command=rebase_command
    ).install()
    if is_revision:
        clean_message(command.message)


def _dispatch(request: Request, url: str | None) -> None:
    """Run the command without a database, on the given connection, or on one of its own."""
    attributes = context.config.attributes
    connection = attributes.get("connection")
    if not request.command.needs_database:
        _run_offline(request)
    elif connection is not None:
        _run_on_given(request, connection)
    else:
        url, is_local = _database_url(attributes.get("url") or url)
        _refuse_running_loop()
        run_on_url(request, url, is_local=is_local)


def _database_url(named: str | None) -> tuple[str, bool]:
    """Return the URL of the command's database, and whether it is the checkout's own."""
    if named:
        return named, False
    directory = ini_directory(context.config)
    url = named_database_url(directory, os.environ)
    return (url, False) if url else (default_database_url(directory), True)


def _run_on_given(request: Request, connection: object) -> None:
    """Run the command on a connection whose settings and transaction are its owner's.

    :raises ConfigError: It is not a sync Connection, or the deployment has work of its own.
    """
    if not isinstance(connection, Connection):
        raise ConfigError(
            'config.attributes["connection"] is not a sync Connection',
            todo="from an AsyncConnection, call Alembic inside of `await connection.run_sync(…)`",
        )
    if request.deployment.work is not None or request.deployment.before:
        raise ConfigError(
            "a deployment needs a connection of its own",
            todo='give it config.attributes["url"] instead of ["connection"]',
        )
    is_outer = connection.in_transaction()
    database = read_database_info(connection)
    if not is_outer:
        connection.commit()
    request.configure(connection=connection)
    if request.command.is_writing:
        request.prepare_database(connection, is_local=False)
    run_steps(request, connection)
    if request.command.is_writing:
        request.report_end(database)


def _refuse_running_loop() -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise ConfigError(
        "Alembic was called inside of a running event loop",
        todo="call it with `await asyncio.to_thread(…)`, "
        'or set config.attributes["connection"] to a connection',
    )


def _run_offline(request: Request) -> None:
    """Run a command that needs no database: `--sql`, or a revision without autogenerate."""
    is_script = request.command.is_offline and request.command.is_writing
    migration = request.configure(
        dialect_name="postgresql",
        # With named parameters a per cent sign is not doubled.
        dialect_opts={"paramstyle": "named"},
        as_sql=True,
        literal_binds=True,
        # Alembic before 1.20 ends even an empty script with a DROP TABLE.
        output_buffer=None if is_script else io.StringIO(),
    )
    if is_script:
        first = request.steps.fetch(migration.get_current_heads(), migration)
        if first is not None:
            for text in _script_head(request, first):
                migration.impl.static_output(text)
    context.run_migrations()


def _script_head(request: Request, first: MigrationStep) -> Iterator[str]:
    """Yield what precedes the first revision in a script: roles, then the session's settings."""
    bootstrap = request.bootstrap_for(first, is_local=False)
    if bootstrap is not None and not request.steps.start:
        yield bootstrap.script
    yield f"SET lock_timeout = '{duration_text(request.limits.lock_timeout_ms)}';"
    yield f"{SEARCH_PATH};"
    yield guard_script(version_table=context.get_context().version_table)
