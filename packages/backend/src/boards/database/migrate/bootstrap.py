"""`boards-migrate bootstrap`: the cluster's roles by hand, or as a script for a DBA."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace

from alembic_proof.env import Bootstrap, apply_bootstrap
from boards.database.bootstrap import bootstrap_for, bootstrap_of
from boards.database.migrate.command import Command
from boards.database.migrate.config import check_database_is_named, local_login
from boards.database.places import owner_database_url
from boards.settings import Settings


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--login",
        metavar="NAME",
        help="the application's login, which must exist (default: BOARDS_APP_DATABASE_URL's user)",
    )
    parser.add_argument(
        "--sql", action="store_true", help="print the statements (needs no database)"
    )


def _run(arguments: Namespace, settings: Settings) -> int:
    bootstrap = _bootstrap(arguments, settings)
    if arguments.sql:
        sys.stdout.write(f"{bootstrap.script}\n")
        return 0
    check_database_is_named(arguments, settings)
    is_changed = apply_bootstrap(owner_database_url(settings), bootstrap)
    sys.stdout.write("the roles are made\n" if is_changed else "nothing to do\n")
    return 0


def _bootstrap(arguments: Namespace, settings: Settings) -> Bootstrap:
    if arguments.login is not None:
        return bootstrap_of(arguments.login)
    return bootstrap_for(settings, local_login=local_login(arguments))


BOOTSTRAP = Command(
    name="bootstrap",
    summary="make the application's role and its login's membership",
    add_arguments=_add_arguments,
    run=_run,
)
