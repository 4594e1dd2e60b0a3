"""`boards-migrate history`: the revisions that this package brings, newest first."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from alembic import command

from boards.database.migrate.command import Command
from boards.database.migrate.config import offline_config
from boards.settings import Settings


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--verbose", "-v", action="store_true", help="with file and message")


def _run(arguments: Namespace, _: Settings) -> int:
    config = offline_config()
    config.set_main_option("revision_environment", "false")
    command.history(config, verbose=arguments.verbose)
    return 0


HISTORY = Command(
    name="history",
    summary="list the revisions (needs no database)",
    add_arguments=_add_arguments,
    run=_run,
)
