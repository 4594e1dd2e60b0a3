"""`boards-migrate current`: the revision that the database is at."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from alembic import command

from boards.database.migrate.command import Command
from boards.database.migrate.config import online_config
from boards.settings import Settings


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--verbose", "-v", action="store_true", help="with file and message")


def _run(arguments: Namespace, settings: Settings) -> int:
    command.current(online_config(arguments, settings), verbose=arguments.verbose)
    return 0


CURRENT = Command(
    name="current",
    summary="say which revision the database is at",
    add_arguments=_add_arguments,
    run=_run,
)
