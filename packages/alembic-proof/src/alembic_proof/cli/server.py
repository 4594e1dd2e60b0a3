"""`alembic-proof server`: the command `local-postgres` with a project's settings."""

from __future__ import annotations

import argparse
import os

from alembic_deploy.settings import errors_of_local_postgres
from alembic_proof.cli.options import project_of
from alembic_proof.cli.output import print_stderr
from alembic_proof.supervised import trust_exit_code
from local_postgres.cli import ACTIONS, add_actions, perform
from local_postgres.settings import TABLE, find_settings

_ON_THE_DATABASE = frozenset(ACTIONS) - {"stop", "status"}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the description and the arguments of the command."""
    parser.description = f"Handles the local server of {TABLE}, and no other one."
    add_actions(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the action on the local server; return the exit code."""
    project = project_of(arguments)
    variable = project.settings.url_env
    if arguments.action in _ON_THE_DATABASE and variable and os.environ.get(variable, "").strip():
        print_stderr(f"{variable} is set, but this command works on the local server only")
    if arguments.action == "shell":
        trust_exit_code()  # this process becomes psql
    with errors_of_local_postgres():
        local = find_settings(project.settings.directory)
        perform(arguments.action, local, os.environ, is_sure=getattr(arguments, "yes", False))
    return 0
