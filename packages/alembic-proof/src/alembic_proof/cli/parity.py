"""`alembic-proof parity`: models and history, each in a scratch database, compared."""

from __future__ import annotations

import argparse
import os

from alembic_deploy.process_exit import refused_exits
from alembic_proof.authoring.difference import Difference
from alembic_proof.authoring.repair import repair_script
from alembic_proof.cli.databases import announced_server
from alembic_proof.cli.options import (
    add_baseline_options,
    add_output_options,
    add_repair_options,
    baseline_of,
    project_of,
    refuse_options_beside_sql,
)
from alembic_proof.cli.output import (
    ProgressListener,
    print_script,
    run_and_report,
    stdout_to_stderr,
)
from alembic_proof.finding import Finding
from alembic_proof.history.alembic_config import alembic_config
from alembic_proof.history.project import Project
from alembic_proof.proofs import run_parity
from alembic_proof.proofs.parity import PARITY_STEPS
from alembic_proof.scratch import history_and_models


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the description and the arguments of the command."""
    parser.description = (
        "Builds one scratch database from the history and one from the models that env.py "
        "hands over (create_all); their catalogs must be equal. What its include_object and "
        "include_name keep from autogenerate is not compared."
    )
    add_output_options(parser)
    add_repair_options(parser, result="make the history's database like the models'")
    add_baseline_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Prove parity; return the exit code."""
    refuse_options_beside_sql(arguments)
    project = project_of(arguments)
    if arguments.sql:
        return _print_repair(project, drops_allowed=arguments.allow_drops)
    baseline = baseline_of(arguments)

    def prove(progress: ProgressListener) -> tuple[Finding, ...]:
        progress.expect(PARITY_STEPS)
        server_url = announced_server(project, os.environ)
        findings = run_parity(project, server_url, on_step=progress.on_step)
        return baseline.apply("parity", findings)

    return run_and_report("parity", prove, format_=arguments.format, is_verbose=arguments.verbose)


def _print_repair(project: Project, *, drops_allowed: bool) -> int:
    """Print the statements that the history lacks; return 1 if there are any."""
    with (
        stdout_to_stderr(),
        refused_exits(),
        history_and_models(project, announced_server(project, os.environ)) as (url, models_url),
    ):
        config = alembic_config(project, url=url)
        found = Difference.read(config, project.settings, models_url=models_url, answers=None)
        script = repair_script(found.history, found.models, drops_allowed=drops_allowed)
    return print_script(script)
