"""`alembic-proof parity`: models and history, each in a scratch database, compared."""

from __future__ import annotations

import argparse
import os
from typing import Any

from alembic_proof.cli.options import project_of
from alembic_proof.cli.scratch import history_and_models
from alembic_proof.cli.terminal import results_alone, say
from alembic_proof.finding import has_failed
from alembic_proof.proofs import prove_parity
from alembic_proof.report.text import proof_text, step_text


def add(commands: Any) -> argparse.ArgumentParser:
    """Add the command's parser to `commands`."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "parity",
        help="prove that the models and the history build the same database",
        description=(
            "Builds one scratch database from the history and one from the models that env.py "
            "hands over (create_all); their catalogs must be equal."
        ),
    )
    parser.set_defaults(run=_run)
    return parser


def _run(arguments: argparse.Namespace) -> int:
    project = project_of(arguments)
    with (
        results_alone() as tell,
        history_and_models(project, os.environ) as (history_url, models_url),
    ):
        findings = prove_parity(
            project.alembic,
            history_url=history_url,
            models_url=models_url,
            tell=lambda step: tell(step_text(step)),
        )
    say(proof_text("parity", findings))
    return 1 if has_failed(findings) else 0
