"""`boards-migrate sql`: the migration as a script for whoever sends it by hand."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from io import StringIO

from alembic import command

from alembic_proof.errors import HistoryError
from boards.database.migrate.command import Command, revision_range
from boards.database.migrate.config import offline_config
from boards.settings import Settings


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("direction", nargs="?", choices=("upgrade", "downgrade"), default="upgrade")
    parser.add_argument(
        "range",
        type=revision_range,
        nargs="?",
        metavar="FROM:TO",
        help="two revisions, or for upgrade the last one (default: base:head, head:base)",
    )


def _run(arguments: Namespace, _: Settings) -> int:
    config = offline_config()
    config.output_buffer = script = StringIO()  # an error leaves no half of a script behind
    match arguments.direction:
        case "upgrade":
            command.upgrade(config, arguments.range or "head", sql=True)
        case "downgrade":
            command.downgrade(config, arguments.range or "head:base", sql=True)
    if not script.getvalue().strip():
        raise HistoryError(
            f"no {arguments.direction} leads from {(arguments.range or '').replace(':', ' to ')}",
            todo="name the revision first that the database is at",
        )
    sys.stdout.write(script.getvalue())
    return 0


SQL = Command(
    name="sql",
    summary="print the SQL of an upgrade or downgrade (needs no database)",
    add_arguments=_add_arguments,
    run=_run,
)
