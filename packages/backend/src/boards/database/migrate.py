"""boards-migrate: Boards' migrations from an installed wheel, without a checkout."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path

from alembic.config import Config

from alembic_deploy.bootstrap import ensure_bootstrap
from alembic_deploy.cli import (
    COMMANDS,
    EXIT_CODES,
    add_commands,
    add_version,
    is_json,
    run_command,
    run_doctor_command,
)
from alembic_deploy.connect import read_database_info, run_on
from alembic_deploy.errors import ConfigError
from alembic_deploy.process_exit import exit_code_of
from alembic_deploy.python_errors import explained_import_errors
from boards.database.roles import bootstrap_for, bootstrap_of
from boards.database.urls import CHECKOUT, PACKAGE, local_app_login, owner_database_url
from boards.settings import DATABASE_URL, Settings, read_settings

WHEEL = PACKAGE / "database" / "migrations"
"""The directory of alembic.ini in an installed wheel."""

_BOOTSTRAP = "bootstrap"
_DOCTOR = "doctor"


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; return 0 clean, 1 findings, 2 error (with one message), 130 Ctrl-C."""
    arguments = argument_parser().parse_args(argv)
    return exit_code_of(
        lambda: _run(arguments), prefix="boards-migrate: ", is_json=is_json(arguments)
    )


def _run(arguments: Namespace) -> int:
    with explained_import_errors():
        settings = read_settings(os.environ)
        if _needs_database(arguments):
            _refuse_unnamed_database(arguments, settings)
        if arguments.command == _BOOTSTRAP:
            return _bootstrap(arguments, settings)
        if arguments.command == _DOCTOR:
            return _doctor(arguments, settings)
        return run_command(arguments, alembic_ini())


def _needs_database(arguments: Namespace) -> bool:
    if arguments.command == _BOOTSTRAP:
        return not arguments.sql
    return COMMANDS[arguments.command].needs_database


def _bootstrap(arguments: Namespace, settings: Settings) -> int:
    if arguments.login is not None:
        bootstrap = bootstrap_of(arguments.login, closes_database=True)
    else:
        local_login = local_app_login() if arguments.local else None
        bootstrap = bootstrap_for(settings, local_login=local_login, closes_database=True)
    if arguments.sql:
        sys.stdout.write(f"{bootstrap.script}\n")
        return 0
    is_changed, database = run_on(
        owner_database_url(settings),
        lambda connection: (
            ensure_bootstrap(connection, bootstrap),
            read_database_info(connection),
        ),
    )
    done = "the roles and their privileges are set" if is_changed else "nothing to do"
    left_out = f"{bootstrap.left_out}\n" if bootstrap.left_out else ""
    sys.stdout.write(f"{done}: {database}\n{left_out}")
    return 0


def _doctor(arguments: Namespace, settings: Settings) -> int:
    from boards.database.doctor import expectations  # it imports the models

    local_login = local_app_login() if arguments.local else None
    expected = expectations(settings, login=arguments.login or local_login)
    return run_doctor_command(arguments, Config(str(alembic_ini())), expected)


def argument_parser() -> ArgumentParser:
    """Return the parser of the whole command line."""
    parser = ArgumentParser(
        prog="boards-migrate",
        description="Migrate the database that BOARDS_DATABASE_URL names.",
        epilog=EXIT_CODES,
    )
    parser.add_argument(
        "--local", action="store_true", help="use the checkout's own database (in a checkout only)"
    )
    add_version(parser, "boards-backend")
    help_ = "create the application's role and its login's membership; close the database to others"
    bootstrap = add_commands(parser, more={_BOOTSTRAP: help_})[_BOOTSTRAP]
    bootstrap.add_argument(
        "--login",
        metavar="NAME",
        help="the application's login, which must exist (default: BOARDS_APP_DATABASE_URL's user)",
    )
    bootstrap.add_argument(
        "--sql", action="store_true", help="print the statements (needs no database)"
    )
    return parser


def alembic_ini() -> Path:
    """Return the wheel's alembic.ini, else the checkout's, beside the sources.

    :raises ConfigError: Neither exists.
    """
    for directory in (WHEEL, CHECKOUT):
        if (directory / "alembic.ini").is_file():
            return directory / "alembic.ini"
    raise ConfigError(
        "the migration history is not installed.", where=str(WHEEL), todo="reinstall the wheel"
    )


def _refuse_unnamed_database(arguments: Namespace, settings: Settings) -> None:
    """Refuse a command line that names no database, or two: there is no default one.

    :raises ConfigError: Neither BOARDS_DATABASE_URL nor --local names it, or both do.
    """
    is_named = settings.database_url is not None
    where = f"environment variable {DATABASE_URL}"
    if is_named and arguments.local:
        raise ConfigError(
            f"--local is the checkout's own database, but {DATABASE_URL} names another.",
            where=where,
            todo="leave one of the two out",
        )
    if not is_named and not arguments.local:
        raise ConfigError(
            f"{DATABASE_URL} is not set, and boards-migrate has no default database.",
            where=where,
            todo="set it to postgresql://owner:password@host:5432/database; in a checkout, "
            "`make migrate` or `boards-migrate --local …` use its local database",
        )
