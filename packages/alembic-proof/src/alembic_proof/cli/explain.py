"""`alembic-proof explain`: what a finding means, with an example that has it and one that has none."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from difflib import get_close_matches

from alembic_deploy.errors import ConfigError
from alembic_proof.cli.output import print_stdout
from alembic_proof.report.explain import all_entries, find_entry, list_text, page, section


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("id", nargs="?", default="", metavar="ID", help="the id of a finding")
    parser.add_argument(
        "--markdown", action="store_true", help="print all of them as a page of documentation"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print one entry, the list of all, or the page of documentation; return the exit code 0.

    :raises ConfigError: No entry has this id.
    """
    if arguments.markdown:
        print_stdout(page(all_entries()).removesuffix("\n"))
    elif not arguments.id:
        print_stdout(list_text(all_entries()))
    elif entry := find_entry(arguments.id):
        print_stdout(section(entry).removesuffix("\n"))
    else:
        raise unknown_id(arguments.id, [one.id for one in all_entries()])
    return 0


def unknown_id(id_: str, known: Sequence[str]) -> ConfigError:
    """Return the error for an id that no entry has, with the nearest id or all."""
    near = get_close_matches(id_, known, n=1)
    todo = f"did you mean {near[0]}?" if near else "`alembic-proof explain` lists all of them"
    return ConfigError(f"there is no finding {id_!r}", todo=todo)
