"""`boards-migrate upgrade`: forward, to head unless told otherwise."""

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
        default="head",
        help="a revision, or +N steps (default: head)",
    )


def _run(arguments: Namespace, settings: Settings) -> int:
    command.upgrade(online_config(arguments, settings), arguments.revision)
    return 0


UPGRADE = Command(
    name="upgrade",
    summary="apply the revisions up to REVISION",
    add_arguments=_add_arguments,
    run=_run,
)
