"""`alembic-proof revision`: write a revision in scratch databases, never on the developer's own."""

from __future__ import annotations

import argparse
import os
import sys

from alembic_deploy.errors import HistoryError
from alembic_deploy.new_revision import clean_message
from alembic_deploy.process_exit import refused_exits
from alembic_proof.authoring.amend import find_amendable
from alembic_proof.authoring.answers import Answers, NoTerminal, Terminal
from alembic_proof.authoring.author import Authored, author_revision, write_blank_revision
from alembic_proof.authoring.fills import parse_fill
from alembic_proof.authoring.rename_requests import parse_rename
from alembic_proof.cli.databases import (
    announced_server,
    developer_database_url,
    withhold_databases,
)
from alembic_proof.cli.options import project_of
from alembic_proof.cli.output import print_stdout, stdout_to_stderr
from alembic_proof.history.alembic_config import alembic_config
from alembic_proof.history.project import Project
from alembic_proof.report.authored import authored_text
from alembic_proof.scratch import authoring_databases


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the description and the arguments of the command."""
    parser.description = (
        "Build the history in one scratch database and the models in another, write everything in which "
        "they differ as a revision, both directions, and prove it: round trip with rows, parity, lint. "
        "The developer's database is not used."
    )
    parser.epilog = (
        "exit codes: 0 the revision is clean, --empty, or nothing to change; 1 a proof has findings, and "
        "the file stays"
    )
    parser.add_argument(
        "message", nargs="*", metavar="message", help="what changes, in a few words, in quotes"
    )
    parser.add_argument("--empty", action="store_true", help="write a blank revision")
    parser.add_argument(
        "--plain",
        action="store_true",
        help="write everything in one revision, whatever it locks: no CONCURRENTLY, no NOT VALID, no "
        "batches",
    )
    parser.add_argument(
        "--amend",
        action="store_true",
        help="rewrite the newest change, all revisions of it, with the same ids, and the same message "
        "unless one is given; refused if it is merged into the remote's main branch or applied to the "
        "database of url_env (else the local one), or if that database is at an unknown revision; "
        "earlier text is kept as FILE.orig",
    )
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="write and prove the revision, print it, and leave no file",
    )
    parser.add_argument("--sql", action="store_true", help="print the SQL of both directions")
    _add_answers(parser)
    parser.set_defaults(refuse=parser.error)


def _add_answers(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(
        "what the models cannot say",
        "Asked on a terminal; elsewhere the command stops and prints the options to choose from.",
    )
    group.add_argument(
        "--rename",
        action="append",
        default=[],
        metavar="OLD=NEW",
        help="an object was renamed: users.nick=nickname is a column; table:users=people, and so on: "
        "index, constraint, function, view, type, sequence, schema; enum:state.open=new is a value of an "
        "enum; may be repeated",
    )
    group.add_argument(
        "--no-rename", action="store_true", help="no object but those of --rename was renamed"
    )
    group.add_argument(
        "--fill",
        action="append",
        default=[],
        metavar="COLUMN=SQL",
        help='the value for existing rows, as SQL over their columns: "users.nickname=split_part(email, '
        "'@', 1)\"; the column itself (users.email=email) if no row needs another one; may be repeated",
    )


def _message(arguments: argparse.Namespace) -> str | None:
    """Return the message, if a revision can have it; None for the one of the revision to amend."""
    words: list[str] = arguments.message
    if arguments.empty and arguments.amend:
        arguments.refuse("--amend writes what the models need: leave --empty out")
    if arguments.empty and (arguments.dry_run or arguments.sql):
        arguments.refuse("a blank revision contains nothing: leave --dry-run and --sql out")
    if arguments.amend and not words:
        return None
    if len(words) > 1:
        arguments.refuse(f'put the message in quotes: "{" ".join(words)}"')
    try:
        clean_message(words[0] if words else None)
    except HistoryError as error:
        arguments.refuse(f'{error.what}: say what changes, "add user preferences"')
    return words[0]


def run(arguments: argparse.Namespace) -> int:
    """Write the revision and print it; return the exit code."""
    message = _message(arguments)
    project = project_of(arguments)
    if message is not None and arguments.empty:
        withhold_databases(project)
        authored = write_blank_revision(project, message=message)
    else:
        answers = _answers(arguments)
        authored = _author(project, arguments, message=message, answers=answers)
    print_stdout(authored_text(authored))
    return 0 if authored.proof.is_clean else 1


def _answers(arguments: argparse.Namespace) -> Answers:
    """Return the answers that the options give; the rest is asked on a terminal."""
    is_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    return Answers(
        renames=tuple(map(parse_rename, arguments.rename)),
        fills=tuple(map(parse_fill, arguments.fill)),
        is_no_rename=arguments.no_rename,
        questioner=Terminal(sys.stdin, sys.stdout) if is_terminal else NoTerminal(),
    )


def _author(
    project: Project, arguments: argparse.Namespace, *, message: str | None, answers: Answers
) -> Authored:
    """Write a revision, or rewrite the newest change, in scratch databases."""
    # Before the variable names a scratch database.
    live_url = (
        developer_database_url(project.settings.directory, os.environ) if arguments.amend else None
    )
    server_url = announced_server(project, os.environ, live_url=live_url)
    with (
        stdout_to_stderr(),
        refused_exits(),
        authoring_databases(project, server_url) as databases,
    ):
        amended = None
        if arguments.amend:
            config = alembic_config(project, url=databases.history_url)
            amended = find_amendable(config, live_url=live_url)
        return author_revision(
            project,
            databases,
            message=message,
            answers=answers,
            amended=amended,
            is_trial=arguments.dry_run,
            is_sql_wanted=arguments.sql,
            is_plain=arguments.plain,
        )
