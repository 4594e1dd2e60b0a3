"""`alembic-proof roundtrip`: every revision up, down and up again on a scratch database."""

from __future__ import annotations

import argparse
import os
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from alembic_proof.cli.outcome import add_format, conclude
from alembic_proof.cli.project import Project, find_project
from alembic_proof.cli.scratch import announced_server
from alembic_proof.finding import Finding
from alembic_proof.history.chain import ChainRevision, choose, read_chain
from alembic_proof.history.changed import changed_files
from alembic_proof.history.script import alembic_config
from alembic_proof.postgres.scratch import scratch_database
from alembic_proof.proofs import Tell, prove_roundtrip


def add(commands: Any) -> argparse.ArgumentParser:
    """Add the command's parser to `commands`."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "roundtrip",
        help="prove that every revision goes up, down and up again",
        description=(
            "Takes each revision up, down and up again on a scratch database: after the "
            "downgrade the catalog must be as before, after the second upgrade as after the first."
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
    add_format(parser)
    parser.set_defaults(run=_run)
    return parser


def _run(arguments: argparse.Namespace) -> int:
    project = find_project(arguments.config)
    chain = read_chain(alembic_config(project.alembic))
    wanted = _wanted(project, chain, arguments)
    plan = tuple(f"{one.revision_id} {one.title}" for one in chain if one.revision_id in wanted)
    server_url = announced_server(project, os.environ)

    def prove(tell: Tell) -> tuple[Finding, ...]:
        with ExitStack() as stack:
            return prove_roundtrip(
                project.alembic,
                open_database=lambda: stack.enter_context(
                    scratch_database(server_url, label="roundtrip")
                ),
                tell=tell,
                wanted=wanted,
            )

    return conclude(arguments.format, "round trip", prove, plan=plan)


def _wanted(
    project: Project, chain: tuple[ChainRevision, ...], arguments: argparse.Namespace
) -> frozenset[str]:
    """The ids of the revisions that the arguments name."""
    files: frozenset[Path] | None = None
    if arguments.base_ref is not None:
        files = changed_files(project.alembic.directory, base_ref=arguments.base_ref)
    return choose(
        alembic_config(project.alembic),
        chain,
        names=arguments.revisions,
        start=arguments.start,
        files=files,
    )
