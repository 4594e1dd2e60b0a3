"""`alembic-proof roundtrip`: up, down and up again on a scratch database."""

from __future__ import annotations

import argparse
import os
from typing import Any

from alembic_proof.cli.project import find_project
from alembic_proof.cli.scratch import scratch_databases
from alembic_proof.cli.terminal import say
from alembic_proof.finding import has_failed
from alembic_proof.proofs import prove_roundtrip
from alembic_proof.report.text import proof_text, step_text


def add(commands: Any) -> argparse.ArgumentParser:
    """Add the command's parser to `commands`."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "roundtrip",
        help="prove that the history goes up, down and up again",
        description=(
            "Upgrades a scratch database to head, downgrades it to base and upgrades it again; "
            "its catalog must be the same at both ends."
        ),
    )
    parser.set_defaults(run=_run)
    return parser


def _run(arguments: argparse.Namespace) -> int:
    project = find_project(arguments.config)
    with scratch_databases(project, os.environ, labels=("roundtrip",)) as (url,):
        findings = prove_roundtrip(project.ini, url=url, tell=lambda step: say(step_text(step)))
    say(proof_text("round trip", findings))
    return 1 if has_failed(findings) else 0
