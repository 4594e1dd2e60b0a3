"""Parses the command line, runs one command, and turns errors into exit codes."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from alembic.util import CommandError

from alembic_proof.cli import lint, parity, revision, roundtrip, server
from alembic_proof.cli.interruption import ends_in_order
from alembic_proof.errors import ProofError

_COMMANDS = (roundtrip, parity, revision, lint, server)
_EXIT_CODES = "exit codes: 0 clean, 1 findings, 2 broken surroundings or usage"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that `argv` names; 0 clean, 1 findings, 2 broken, 130 interrupted."""
    arguments = _parser().parse_args(argv)
    try:
        with ends_in_order():
            code: int = arguments.run(arguments)
            sys.stdout.flush()
    except (ProofError, CommandError) as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return _end_quietly()
    return code


def _end_quietly() -> int:
    """Clean: the reader has seen enough, as `head` does; Python must not flush to it at exit.

    Source: https://docs.python.org/3/library/signal.html#note-on-sigpipe
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="alembic-proof",
        description="Proves an Alembic migration history on a real PostgreSQL.",
        epilog=_EXIT_CODES,
    )
    _add_config(parser, default=Path("alembic.ini"))
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for module in _COMMANDS:
        _add_config(module.add(commands), default=argparse.SUPPRESS)
    return parser


def _add_config(parser: argparse.ArgumentParser, *, default: object) -> None:
    """Let `--config` stand before or after the command's name."""
    parser.add_argument(
        "--config",
        type=Path,
        default=default,
        metavar="FILE",
        help="the project's alembic.ini (default: ./alembic.ini)",
    )
