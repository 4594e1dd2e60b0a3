"""Alembic's own options, before or after a command's name, and the project that they name."""

from __future__ import annotations

import argparse
from pathlib import Path

from alembic_proof.cli.terminal import note
from alembic_proof.finding import shown_path
from alembic_proof.project import Project, find_project


def add_project_options(parser: argparse.ArgumentParser, *, is_whole: bool) -> None:
    """Let Alembic's own options stand before or after the command's name.

    What stands behind the name is a subparser's: it says nothing of what it was not given.
    """
    default = None if is_whole else argparse.SUPPRESS
    parser.add_argument(
        "-c",
        "--config",
        type=Path,
        default=default,
        metavar="FILE",
        help="the project's alembic.ini, or a pyproject.toml with [tool.alembic] "
        "(default: $ALEMBIC_CONFIG, else ./alembic.ini, else ./pyproject.toml, "
        "else ./migrations/alembic.ini)",
    )
    parser.add_argument(
        "-n",
        "--name",
        default="alembic" if is_whole else argparse.SUPPRESS,
        metavar="SECTION",
        help="the section of alembic.ini (default: alembic)",
    )
    parser.add_argument(
        "-x",
        dest="x_before" if is_whole else "x_after",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an argument for env.py, which calls context.get_x_argument(); may be repeated",
    )


def project_of(arguments: argparse.Namespace) -> Project:
    """Return the project that the options name; settings from elsewhere are named on standard error.

    Raises:
        ConfigError: no such file, or settings that cannot be used.
    """
    project = find_project(
        arguments.config,
        section=arguments.name,
        x_arguments=(*arguments.x_before, *arguments.x_after),
    )
    if (settings := project.settings_from_elsewhere) is not None:
        note(f"settings: {shown_path(settings)}")
    return project
