"""Parses the command line, runs one command, and turns errors into exit codes."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from alembic_proof.cli import drift, lint, parity, rebase, revision, roundtrip, server
from alembic_proof.cli.options import add_project_options
from alembic_proof.env.ending import exit_code_of

_COMMANDS = (roundtrip, parity, drift, revision, rebase, lint, server)
_PACKAGE = "alembic-proof"
_EXIT_CODES = "exit codes: 0 clean, 1 findings, 2 broken surroundings or usage"


class _Exact(argparse.ArgumentParser):
    """A parser that takes no option for another one that begins as it does."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"allow_abbrev": False} | options)


def run(argv: Sequence[str] | None) -> int:
    """Run the command that `argv` names; 0 clean, 1 findings, 2 broken, 130 interrupted."""
    arguments = _parser().parse_args(argv)
    return exit_code_of(lambda: arguments.run(arguments))


def _parser() -> argparse.ArgumentParser:
    parser = _Exact(
        prog="alembic-proof",
        description="Proves an Alembic migration history on a real PostgreSQL.",
        epilog=_EXIT_CODES,
    )
    add_project_options(parser, is_whole=True)
    parser.add_argument("--version", action="version", version=f"%(prog)s {version(_PACKAGE)}")
    commands = parser.add_subparsers(
        metavar="COMMAND",
        required=True,
        parser_class=_Exact,
    )
    for module in _COMMANDS:
        add_project_options(module.add(commands), is_whole=False)
    return parser
