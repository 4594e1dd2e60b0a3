"""`boards-migrate downgrade`: back by one revision unless told otherwise."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from alembic import command

from boards.database.migrate.command import Command, revision
from boards.database.migrate.config import online_config
from boards.settings import Settings


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "revision",
        type=revision,
        nargs="?",
        default="-1",
        help="a revision, base, or -N steps (default: -1)",
    )


def _run(arguments: Namespace, settings: Settings) -> int:
    command.downgrade(online_config(arguments, settings), arguments.revision)
    return 0


DOWNGRADE = Command(
    name="downgrade",
    summary="take the revisions down to REVISION back",
    add_arguments=_add_arguments,
    run=_run,
)
