"""`alembic-proof parity`: models and history, each in a scratch database, compared."""

from __future__ import annotations

import argparse
import os
from typing import Any

from alembic_proof.cli.outcome import add_format, conclude
from alembic_proof.cli.project import find_project
from alembic_proof.cli.scratch import scratch_databases
from alembic_proof.finding import Finding
from alembic_proof.proofs import Tell, prove_parity
from alembic_proof.proofs.parity import PARITY_STEPS


def add(commands: Any) -> argparse.ArgumentParser:
    """Add the command's parser to `commands`."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "parity",
        help="prove that the models and the history build the same database",
        description=(
            "Builds one scratch database from the history and one from the models that env.py "
            "hands over (create_all); their catalogs must be equal. What its include_object and "
            "include_name keep from autogenerate is not compared."
        ),
    )
    add_format(parser)
    parser.set_defaults(run=_run)
    return parser


def _run(arguments: argparse.Namespace) -> int:
    project = find_project(arguments.config)

    def prove(tell: Tell) -> tuple[Finding, ...]:
        labels = ("history", "models")
        with scratch_databases(project, os.environ, labels=labels) as (history_url, models_url):
            return prove_parity(
                project.alembic, history_url=history_url, models_url=models_url, tell=tell
            )

    return conclude(arguments.format, "parity", prove, plan=PARITY_STEPS)
