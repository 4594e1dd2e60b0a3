"""`alembic-proof revision`: write a revision in scratch databases, never on the developer's own."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from alembic_proof.authoring import Authored, author_revision, write_blank_revision
from alembic_proof.cli.options import project_of
from alembic_proof.cli.scratch import history_and_models
from alembic_proof.cli.terminal import results_alone, say
from alembic_proof.errors import HistoryError
from alembic_proof.finding import shown_path
from alembic_proof.history.revision_message import clean_message
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
        epilog="exit codes: 0 finished, or nothing to change; 1 something is left to write by hand",
    )
    parser.add_argument("message", type=_message, help="what changes, in a few words")
    parser.add_argument("--empty", action="store_true", help="write a blank revision")
    parser.set_defaults(run=_run)
    return parser


def _message(text: str) -> str:
    """The message as it was given, if a revision can have it."""
    try:
        clean_message(text)
    except HistoryError as error:
        raise argparse.ArgumentTypeError(error.what) from error
    return text


def _run(arguments: argparse.Namespace) -> int:
    project = project_of(arguments)
    if arguments.empty:
        authored = write_blank_revision(project.alembic, message=arguments.message)
    else:
        authored = _author(project, message=arguments.message)
    path = shown_path(authored.path) if authored.path else ""
    say(authored_text(authored, path=path, contents=_contents(authored.path)))
    return 0 if authored.is_finished else 1


def _author(project: Project, *, message: str) -> Authored:
    with results_alone(), history_and_models(project, os.environ) as (history_url, models_url):
        return author_revision(
            project.alembic,
            message=message,
            history_url=history_url,
            models_url=models_url,
            column_order=project.config.column_order,
        )


def _contents(path: Path | None) -> str:
    return path.read_text(encoding="utf-8") if path else ""
