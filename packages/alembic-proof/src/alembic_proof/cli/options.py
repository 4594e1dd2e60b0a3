"""Alembic's own options, before or after a command's name, and the project that they name."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from alembic_proof.report import FORMATS

if TYPE_CHECKING:
    from alembic_proof.history.project import Project
    from alembic_proof.report.baseline import Baseline


def add_project_options(parser: argparse.ArgumentParser, *, is_whole: bool) -> None:
    """Add Alembic's own options, which may be given before or after the command's name.

    :param is_whole: Whether the parser is that of the whole command line; the parser of a command
        sets no defaults, which would replace values given before its name.
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
        help="an argument that env.py reads with context.get_x_argument(); may be repeated",
    )


def add_output_options(
    parser: argparse.ArgumentParser, *, verbose: str = "list every step with its time"
) -> None:
    """Add `--format` and `--verbose`.

    :param verbose: the help of `--verbose`.
    """
    parser.add_argument(
        "--format",
        choices=FORMATS,
        default="text",
        help="how to print the findings (default: text, in colour on a terminal)",
    )
    parser.add_argument("-v", "--verbose", action="store_true", help=verbose)


def add_repair_options(parser: argparse.ArgumentParser, *, result: str) -> None:
    """Add `--sql` and `--allow-drops`.

    :param result: what the statements lead to.
    """
    parser.add_argument(
        "--sql",
        action="store_true",
        help=f"print the statements that {result} instead of the findings; those that drop an object "
        "are comments",
    )
    parser.add_argument(
        "--allow-drops",
        action="store_true",
        help="with --sql: print those statements like the others",
    )
    parser.set_defaults(refuse=parser.error)


def refuse_options_beside_sql(arguments: argparse.Namespace) -> None:
    """End the command if an option has no meaning with `--sql`, or needs it.

    :raises SystemExit: As for other misuse.
    """
    if arguments.allow_drops and not arguments.sql:
        arguments.refuse("--allow-drops is for --sql")
    of_findings = (arguments.baseline, arguments.write_baseline)
    if arguments.sql and (arguments.format != "text" or any(of_findings)):
        arguments.refuse("--sql prints statements: leave --format and --baseline out")


def add_baseline_options(parser: argparse.ArgumentParser) -> None:
    """Add `--baseline` and `--write-baseline`."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "--baseline",
        type=Path,
        metavar="FILE",
        help="fail only on findings that are not in FILE",
    )
    group.add_argument(
        "--write-baseline",
        type=Path,
        metavar="FILE",
        help="accept today's findings: write them into FILE, and succeed",
    )


def baseline_of(arguments: argparse.Namespace) -> Baseline:
    """Return the baseline that the options name, whose files can be read and written.

    :raises ConfigError: They cannot.
    """
    from alembic_proof.report.baseline import Baseline

    baseline = Baseline(file=arguments.baseline, output=arguments.write_baseline)
    baseline.check_files()
    return baseline


def project_of(arguments: argparse.Namespace) -> Project:
    """Return the project that the options name; print where its settings are if that is elsewhere.

    :raises ConfigError: No such file, or settings that cannot be used.
    """
    # Imported here: --help needs neither SQLAlchemy nor Alembic.
    from alembic_proof.cli.output import print_stderr
    from alembic_proof.finding import shown_path
    from alembic_proof.history.project import find_project

    project = find_project(
        arguments.config,
        section=arguments.name,
        x_arguments=(*arguments.x_before, *arguments.x_after),
    )
    if (settings := project.distant_settings) is not None:
        print_stderr(f"settings: {shown_path(settings)}")
    return project
