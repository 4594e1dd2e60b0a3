"""The command line: a table of commands, and what their errors are worth as exit codes."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence

from alembic_proof.env import exit_code_of, explained_faults
from boards.database.migrate.bootstrap import BOOTSTRAP
from boards.database.migrate.check import CHECK
from boards.database.migrate.current import CURRENT
from boards.database.migrate.downgrade import DOWNGRADE
from boards.database.migrate.history import HISTORY
from boards.database.migrate.sql import SQL
from boards.database.migrate.upgrade import UPGRADE
from boards.settings import read_settings

COMMANDS = (UPGRADE, DOWNGRADE, CURRENT, HISTORY, CHECK, SQL, BOOTSTRAP)


def main(argv: Sequence[str] | None = None) -> int:
    """The exit code: 0 clean, 1 findings, 2 broken (one message on standard error), 130 Ctrl-C."""
    arguments = _parser().parse_args(argv)
    return exit_code_of(lambda: _run(arguments), prefix="boards-migrate: ")


def _run(arguments: Namespace) -> int:
    with explained_faults():
        code: int = arguments.run(arguments, read_settings(os.environ))
    return code


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="boards-migrate",
        description="Migrates the database that BOARDS_DATABASE_URL names.",
        epilog="Exit codes: 0 clean, 1 findings (check), 2 broken.",
    )
    parser.add_argument(
        "--local", action="store_true", help="the checkout's own database (only a checkout has one)"
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for each in COMMANDS:
        command = commands.add_parser(each.name, help=each.summary, description=each.summary)
        each.add_arguments(command)
        command.set_defaults(run=each.run)
    return parser
