"""`alembic-proof parity`: models and history, each in a scratch database, compared."""

from __future__ import annotations

import argparse
import os
from typing import Any

from alembic_proof.cli.baseline import add_baseline, against_baseline, refuse_unusable
from alembic_proof.cli.options import project_of
from alembic_proof.cli.outcome import Audience, add_format, conclude
from alembic_proof.cli.scratch import history_and_models
from alembic_proof.finding import Finding
from alembic_proof.proofs import prove_parity
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
    add_baseline(parser)
    parser.set_defaults(run=_run)
    return parser


def _run(arguments: argparse.Namespace) -> int:
    project = project_of(arguments)
    refuse_unusable(arguments)

    def prove(audience: Audience) -> tuple[Finding, ...]:
        audience.expect(PARITY_STEPS)
        with history_and_models(project, os.environ) as (history_url, models_url):
            findings = prove_parity(
                project.alembic,
                history_url=history_url,
                models_url=models_url,
                tell=audience.tell,
                settings=project.config,
            )
        return against_baseline(arguments, "parity", findings)

    return conclude(arguments.format, "parity", prove)
