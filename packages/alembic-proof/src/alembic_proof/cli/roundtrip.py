"""`alembic-proof roundtrip`: every revision up, down and up again on a scratch database."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from alembic_proof.cli.options import project_of
from alembic_proof.cli.scratch import announced_server
from alembic_proof.cli.terminal import note, results_alone, say
from alembic_proof.finding import Finding, has_failed
from alembic_proof.history.chain import choose, read_chain
from alembic_proof.history.changed import changed_files
from alembic_proof.history.script import alembic_config
from alembic_proof.project import Project, history_databases
from alembic_proof.proofs import RowPlan, Step, Tell, prove_roundtrip
from alembic_proof.report import Outcome, formats
from alembic_proof.report.text import step_text

MOST_ROWS = 100


def add(commands: Any) -> argparse.ArgumentParser:
    """Add the command's parser to `commands`."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "roundtrip",
        help="prove that every revision goes up, down and up again",
        description=(
            "Takes each revision up, down and up again on a scratch database with rows in its "
            "tables: after the downgrade the catalog and the rows must be as before, after the "
            "second upgrade as after the first."
        ),
    )
    parser.add_argument(
        "revisions",
        nargs="*",
        metavar="REVISION",
        help="prove these only: a revision (ab12, head) or a range (ab12:cd34, ab12:)",
    )
    parser.add_argument(
        "--from", dest="start", metavar="REV", help="prove this one and those after"
    )
    parser.add_argument(
        "--base-ref",
        metavar="REF",
        help="prove the revisions whose files changed since the merge base with this git ref",
    )
    parser.add_argument(
        "--rows",
        type=_row_number,
        default=RowPlan().rows,
        metavar="N",
        help="put N rows into each table that is new or changed (default: 3; 0: none)",
    )
    parser.add_argument("--format", choices=tuple(formats()), default="text")
    parser.set_defaults(run=_run)
    return parser


def _run(arguments: argparse.Namespace) -> int:
    steps: list[Step] = []
    with results_alone() as tell_result:
        tell = tell_result if arguments.format == "text" else note

        def told(step: Step) -> None:
            steps.append(step)
            tell(step_text(step))

        findings = _findings(arguments, tell=told)
    say(formats()[arguments.format](Outcome("round trip", tuple(steps), findings)))
    return 1 if has_failed(findings) else 0


def _row_number(text: str) -> int:
    number = int(text)
    if not 0 <= number <= MOST_ROWS:
        raise argparse.ArgumentTypeError(f"between 0 and {MOST_ROWS}")
    return number


def _findings(arguments: argparse.Namespace, *, tell: Tell) -> tuple[Finding, ...]:
    project = project_of(arguments)
    server_url = announced_server(project, os.environ)
    with history_databases(project, server_url, label="roundtrip") as open_database:
        return prove_roundtrip(
            project.alembic,
            open_database=open_database,
            tell=tell,
            wanted=_wanted(project, arguments),
            row_plan=RowPlan(rows=arguments.rows),
        )


def _wanted(project: Project, arguments: argparse.Namespace) -> frozenset[str]:
    """The ids of the revisions that the arguments name."""
    config = alembic_config(project.alembic)
    files: frozenset[Path] | None = None
    if arguments.base_ref is not None:
        files = changed_files(project.alembic.directory, base_ref=arguments.base_ref)
    return choose(
        config,
        read_chain(config),
        names=arguments.revisions,
        start=arguments.start,
        files=files,
    )
