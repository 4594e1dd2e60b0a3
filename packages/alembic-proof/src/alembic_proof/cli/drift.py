"""`alembic-proof drift`: compare a live database, which is only read, with its history."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from contextlib import ExitStack

from alembic_deploy.errors import ConfigError, ServerError
from alembic_deploy.process_exit import refused_exits
from alembic_deploy.url import DatabaseUrl, usable_url
from alembic_proof.authoring.repair import repair_script
from alembic_proof.cli.databases import announced_server, developer_database_url
from alembic_proof.cli.options import (
    add_baseline_options,
    add_output_options,
    add_repair_options,
    baseline_of,
    project_of,
    refuse_options_beside_sql,
)
from alembic_proof.cli.output import (
    ProgressListener,
    print_script,
    print_stderr,
    run_and_report,
    stdout_to_stderr,
)
from alembic_proof.finding import Finding, StepListener
from alembic_proof.history.project import Project
from alembic_proof.proofs.database_state import read_major
from alembic_proof.proofs.drift import DRIFT_STEPS, Drift, read_drift
from alembic_proof.scratch import history_databases
from local_postgres.binaries import BINDIR, MAJOR
from local_postgres.download import MAJORS


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the description and the arguments of the command."""
    parser.description = (
        "Reads a live database, in read-only transactions, and compares it with the history "
        "at the revisions that it is at, built on a scratch server of the same major version. "
        "Revisions that are not applied yet are no drift."
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--url",
        help="the live database (default: the variable that url_env in [tool.alembic-deploy] names, "
        "else the project's local database)",
    )
    where.add_argument(
        "--url-env",
        metavar="NAME",
        help="the environment variable that holds its URL, so that no list of processes shows it",
    )
    parser.add_argument(
        "--owner",
        metavar="ROLE",
        help="the role to take for the history's owner (default: the version table's owner)",
    )
    add_output_options(parser)
    add_repair_options(parser, result="make the live database like the history's")
    add_baseline_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Prove that the live database has no drift; return the exit code."""
    refuse_options_beside_sql(arguments)
    project = project_of(arguments)
    baseline = baseline_of(arguments)
    live_url = _live_url(project, os.environ, url=arguments.url, variable=arguments.url_env)
    print_stderr(f"live database: {DatabaseUrl.parse(live_url).display}")

    if arguments.sql:
        return _print_repair(project, live_url, arguments)

    def prove(progress: ProgressListener) -> tuple[Finding, ...]:
        progress.expect(DRIFT_STEPS)
        found = _read(project, live_url, owner=arguments.owner, on_step=progress.on_step)
        return baseline.apply("drift", found.findings)

    return run_and_report("drift", prove, format_=arguments.format, is_verbose=arguments.verbose)


def _read(project: Project, live_url: str, *, owner: str | None, on_step: StepListener) -> Drift:
    """Return the live database and the history, built on a server of the same major version."""
    with ExitStack() as stack:

        def open_database(major: int) -> str:
            server_url = _server_like(project, os.environ, major=major, live_url=live_url)
            history = history_databases(project, server_url, label="drift")
            return stack.enter_context(history)()

        return read_drift(
            project,
            live_url=live_url,
            open_database=open_database,
            on_step=on_step,
            owner=owner,
        )


def _print_repair(project: Project, live_url: str, arguments: argparse.Namespace) -> int:
    """Print the statements that undo the drift; return 1 if there are any."""
    with stdout_to_stderr(), refused_exits():
        found = _read(project, live_url, owner=arguments.owner, on_step=lambda _: None)
    return print_script(
        repair_script(found.live, found.wanted, drops_allowed=arguments.allow_drops)
    )


def _live_url(
    project: Project, environ: Mapping[str, str], *, url: str | None, variable: str | None
) -> str:
    """Return the URL of `--url` or `--url-env`, else of `url_env`, else of the local database.

    :raises ConfigError: None is given, it is no URL, or the variable is not set.
    :raises ServerError: The local server cannot be started.
    """
    if url is not None:
        return usable_url(url, where="--url")
    if variable is not None:
        return usable_url(_named(environ, variable), where=f"environment variable {variable}")
    usual = project.settings.url_env
    found = developer_database_url(project.settings.directory, environ)
    if not found:
        named = f", or set {usual}" if usual else ""
        raise ConfigError("no live database is given", todo=f"pass --url or --url-env{named}")
    return found


def _named(environ: Mapping[str, str], variable: str) -> str:
    found = environ.get(variable, "").strip()
    if not found:
        raise ConfigError(
            f"the environment variable {variable} is not set", todo="set it to the database's URL"
        )
    return found


def _server_like(project: Project, environ: Mapping[str, str], *, major: int, live_url: str) -> str:
    """Return the URL of a server for scratch databases of that major version; print which one it is.

    :raises ServerError: The server that the environment or the settings name has another version, or
        our own server cannot be fetched or started.
    """
    variable = project.settings.scratch_url_env
    if variable and environ.get(variable, "").strip():
        return _of_major(
            announced_server(project, environ, live_url=live_url), major, variable=variable
        )
    if project.settings.server_url:
        return _of_major(
            announced_server(project, environ, live_url=live_url), major, variable="server_url"
        )
    if major in MAJORS:
        environ = {**environ, MAJOR: str(major)}
    else:
        environ = {name: value for name, value in environ.items() if name != MAJOR}
    return _of_major(announced_server(project, environ, live_url=live_url), major, variable=BINDIR)


def _of_major(server_url: str, major: int, *, variable: str) -> str:
    """Return the URL; raise for a server of another major version."""
    found = read_major(server_url)
    if found != major:
        raise ServerError(
            f"the live server is PostgreSQL {major}, the one for scratch databases {found}",
            where=DatabaseUrl.parse(server_url).display,
            todo=f"name a PostgreSQL {major} in {variable}",
        )
    return server_url
