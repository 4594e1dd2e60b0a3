"""`alembic-proof revision`: write a revision in scratch databases, never on the developer's own."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from alembic_proof.authoring import (
    Authored,
    amend_revision,
    author_revision,
    find_amendable,
    write_blank_revision,
)
from alembic_proof.cli.options import project_of
from alembic_proof.cli.scratch import history_and_models
from alembic_proof.cli.terminal import results_alone, say
from alembic_proof.env.local import developer_database_url
from alembic_proof.errors import HistoryError
from alembic_proof.finding import shown_path
from alembic_proof.history.revision_message import clean_message
from alembic_proof.history.script import alembic_config
from alembic_proof.project import Project
from alembic_proof.report.authored import authored_text


def add(commands: Any) -> argparse.ArgumentParser:
    """Add the command's parser to `commands`."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "revision",
        help="write a revision from the models' changes",
        description=(
            "Migrates a scratch database to head, lets Alembic write the revision, applies it, "
            "and compares the catalog with the models': what Alembic did not write is listed."
        ),
        epilog="exit codes: 0 finished, blank as asked for, or nothing to change; 1 something is left "
        "to write by hand, and upgrade() refuses until it is done",
    )
    parser.add_argument(
        "message", nargs="*", metavar="message", help="what changes, in a few words, in quotes"
    )
    parser.add_argument("--empty", action="store_true", help="write a blank revision")
    parser.add_argument(
        "--amend",
        action="store_true",
        help="write the newest revision anew, with its id, and its message unless one is given: "
        "refused where it is applied to the database of url_env, else to the local one, where that "
        "is at a revision that no file has, or merged into the remote's main branch; its earlier text is kept beside it as FILE.orig",
    )
    parser.set_defaults(run=_run, refuse=parser.error)
    return parser


def _message(arguments: argparse.Namespace) -> str | None:
    """Return the message, if a revision can have it; None for the one of the revision to amend."""
    words: list[str] = arguments.message
    if arguments.empty and arguments.amend:
        arguments.refuse("--amend writes what the models need: leave --empty out")
    if arguments.amend and not words:
        return None
    if len(words) > 1:
        arguments.refuse(f'put the message in quotes: "{" ".join(words)}"')
    try:
        clean_message(words[0] if words else None)
    except HistoryError as error:
        arguments.refuse(f'{error.what}: say what changes, "add user preferences"')
    return words[0]


def _run(arguments: argparse.Namespace) -> int:
    message = _message(arguments)
    project = project_of(arguments)
    if message is None or arguments.amend:
        authored = _amend(project, message=message)
    elif arguments.empty:
        authored = write_blank_revision(project.alembic, message=message)
    else:
        with results_alone(), history_and_models(project, os.environ) as urls:
            authored = _author(project, urls, message=message)
    path = shown_path(authored.path) if authored.path else ""
    earlier = shown_path(authored.earlier) if authored.earlier else ""
    contents = _contents(authored.path)
    say(authored_text(authored, path=path, contents=contents, earlier=earlier))
    return 0 if authored.is_finished else 1


def _amend(project: Project, *, message: str | None) -> Authored:
    # Before the variable names a scratch database.
    live_url = developer_database_url(project.config, os.environ)
    with results_alone(), history_and_models(project, os.environ) as urls:
        config = alembic_config(project.alembic, url=urls[0])
        amended = find_amendable(config, live_url=live_url)

        def write(message: str, revision_id: str) -> Authored:
            return _author(project, urls, message=message, revision_id=revision_id)

        return amend_revision(amended, write, message=message)


def _author(
    project: Project, urls: tuple[str, str], *, message: str, revision_id: str | None = None
) -> Authored:
    """Write a revision; `urls` are of the scratch databases for the history and for the models."""
    history_url, models_url = urls
    return author_revision(
        project.alembic,
        message=message,
        history_url=history_url,
        models_url=models_url,
        column_order=project.config.column_order,
        revision_id=revision_id,
    )


def _contents(path: Path | None) -> str:
    return path.read_text(encoding="utf-8") if path else ""
