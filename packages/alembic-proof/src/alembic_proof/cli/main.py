"""The command line: parse it, run one command, turn errors into exit codes.

This module imports neither SQLAlchemy nor Alembic, so that `--help` starts fast.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from alembic_proof.cli.options import add_project_options

_COMMANDS = {
    "roundtrip": "prove that every revision can be upgraded, downgraded and upgraded again",
    "parity": "prove that the models and the history build the same database",
    "drift": "prove that a live database equals what its history builds",
    "revision": "write a revision from the models' changes",
    "rebase": "move your branch's revisions after those that were merged meanwhile",
    "lint": "check the revision files by their syntax",
    "explain": "explain a finding by its id, or list them all",
    "server": "handle the project's local server, as local-postgres does",
}
"""The commands and their help; each is the module of this package with the same name."""
_PACKAGE = "alembic-proof"
_INTERRUPTED = 130
_EXIT_CODES = "exit codes: 0 clean, 1 findings, 2 setup error or wrong usage"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that `argv` names; 0 clean, 1 findings, 2 broken, 130 interrupted."""
    try:
        arguments = argument_parser().parse_args(argv)
        from alembic_deploy.process_exit import exit_code_of
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return _INTERRUPTED
    return exit_code_of(lambda: _run(arguments))


def _run(arguments: argparse.Namespace) -> int:
    """Run the command; an exit of the project's code is an error, wrong usage ends with its own."""
    from alembic_deploy.errors import Terminated
    from alembic_deploy.process_exit import BROKEN, ExitError

    try:
        with _restored_environment():
            code: int = arguments.run(arguments)
    except Terminated:
        raise
    except SystemExit as exit_:
        if exit_.code == BROKEN:
            raise
        raise ExitError(f"sys.exit({exit_.code!r})", who="the project's code") from exit_
    return code


@contextmanager
def _restored_environment() -> Iterator[None]:
    """Restore the environment variables at the end of the block."""
    before = dict(os.environ)
    try:
        yield
    finally:
        for name in os.environ.keys() - before.keys():
            del os.environ[name]
        os.environ.update(before)


def argument_parser(*, is_complete: bool = False) -> argparse.ArgumentParser:
    """Return the parser of the whole command line.

    :param is_complete: import all commands, for documentation; by default a command's module is
        imported when its arguments are parsed, so that `--help` starts fast.
    """
    parser = _ExactParser(
        prog=_PACKAGE,
        description="Prove an Alembic migration history on a real PostgreSQL.",
        epilog=_EXIT_CODES,
    )
    add_project_options(parser, is_whole=True)
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    commands = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=_CommandParser)
    for name, help_ in _COMMANDS.items():
        command = commands.add_parser(name, help=help_, command=name)
        if is_complete:
            command.load()
    return parser


class _Version(argparse.Action):
    """Print the version, which is read from the installed package only when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version

        sys.stdout.write(f"{_PACKAGE} {version(_PACKAGE)}\n")
        parser.exit()


class _ExactParser(argparse.ArgumentParser):
    """A parser that does not complete abbreviated options."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"allow_abbrev": False} | options)


class _CommandParser(_ExactParser):
    """The parser of one command, which imports the command's module when it is used."""

    def __init__(self, *, command: str = "", **options: Any) -> None:
        super().__init__(**options)
        self._command = command

    def load(self) -> None:
        """Import the command's module and add its arguments; once."""
        if not self._command:
            return
        module = import_module(f"{__package__}.{self._command}")
        self._command = ""
        module.configure(self)
        self.set_defaults(run=module.run)
        add_project_options(self, is_whole=False)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse the arguments of the command."""
        self.load()
        return super().parse_known_args(args, namespace)
