"""`boards-migrate sql`: the migration as a script for whoever sends it by hand."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from alembic import command

from boards.database.migrate.command import Command
from boards.database.migrate.config import offline_config
from boards.settings import Settings


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("direction", nargs="?", choices=("upgrade", "downgrade"), default="upgrade")
    parser.add_argument(
        "range",
        nargs="?",
        metavar="FROM:TO",
        help="two revisions, or for upgrade the last one (default: base:head, head:base)",
    )


def _run(arguments: Namespace, _: Settings) -> int:
    config = offline_config()
    match arguments.direction:
        case "upgrade":
            command.upgrade(config, arguments.range or "head", sql=True)
        case "downgrade":
            command.downgrade(config, arguments.range or "head:base", sql=True)
    return 0


SQL = Command(
    name="sql",
    summary="print the SQL of an upgrade or downgrade (needs no database)",
    add_arguments=_add_arguments,
    run=_run,
)
