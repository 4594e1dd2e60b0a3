"""`alembic-proof drift`: a live database, only read, against its own history in a scratch one."""

from __future__ import annotations

import argparse
import os
from contextlib import ExitStack
from typing import Any

from alembic_proof.cli.baseline import add_baseline, against_baseline, refuse_unusable
from alembic_proof.cli.live_url import find_live_url
from alembic_proof.cli.options import project_of
from alembic_proof.cli.outcome import Audience, add_format, conclude
from alembic_proof.cli.scratch import server_like
from alembic_proof.cli.terminal import note
from alembic_proof.finding import Finding
from alembic_proof.postgres.url import DatabaseUrl
from alembic_proof.project import history_databases
from alembic_proof.proofs import prove_drift
from alembic_proof.proofs.drift import DRIFT_STEPS


def add(commands: Any) -> argparse.ArgumentParser:
    """Add the command's parser to `commands`."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "drift",
        help="prove that a live database is what its history says",
        description=(
            "Reads a live database, in read-only transactions, and compares it with the history "
            "at the revisions that it is at, built on a scratch server of the same major version. "
            "Revisions that are not applied yet are no drift."
        ),
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--url",
        help="the live database (default: the variable that url_env in [tool.alembic-proof] names, "
        "else the project's local database)",
    )
    where.add_argument(
        "--url-env",
        metavar="NAME",
        help="the environment variable that holds its URL, so that no list of processes shows it",
    )
    parser.add_argument(
        "--owner",
        metavar="ROLE",
        help="the role that stands for the history's (default: the version table's owner)",
    )
    add_format(parser)
    add_baseline(parser)
    parser.set_defaults(run=_run)
    return parser


def _run(arguments: argparse.Namespace) -> int:
    project = project_of(arguments)
    refuse_unusable(arguments)
    live_url = find_live_url(project, os.environ, url=arguments.url, variable=arguments.url_env)
    note(f"live database: {DatabaseUrl.parse(live_url).display}")

    def prove(audience: Audience) -> tuple[Finding, ...]:
        audience.expect(DRIFT_STEPS)
        with ExitStack() as stack:

            def open_database(major: int) -> str:
                server_url = server_like(project, os.environ, major=major)
                history = history_databases(project, server_url, label="drift")
                return stack.enter_context(history)()

            findings = prove_drift(
                project.alembic,
                live_url=live_url,
                open_database=open_database,
                tell=audience.tell,
                owner=arguments.owner,
                settings=project.config,
            )
        return against_baseline(arguments, "drift", findings)

    return conclude(arguments.format, "drift", prove)
