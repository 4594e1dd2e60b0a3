"""`alembic-proof lint`: read every revision file, run none."""

from __future__ import annotations

import argparse
from dataclasses import replace

from alembic_proof.cli.explain import unknown_id
from alembic_proof.cli.options import (
    add_baseline_options,
    add_output_options,
    baseline_of,
    project_of,
)
from alembic_proof.cli.output import ProgressListener, print_stdout, run_and_report
from alembic_proof.finding import Finding, timed
from alembic_proof.lint import all_rules, lint, read_base_revisions, read_history
from alembic_proof.report.explain import page, section
from alembic_proof.report.text import counted


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the description and the arguments of the command."""
    parser.description = "Checks every revision file by its syntax: nothing is imported or run."
    parser.add_argument(
        "--explain",
        nargs="?",
        const="",
        metavar="RULE",
        help="print the documentation of RULE, of all rules without one (`alembic-proof explain` "
        "knows the findings of all commands)",
    )
    parser.add_argument(
        "--base-ref",
        metavar="REF",
        help="find revisions that were edited or deleted since the merge base with this git ref "
        "(default: the remote's main branch, where git knows it)",
    )
    add_output_options(parser)
    add_baseline_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Check the revision files, or explain the rules; return the exit code."""
    if arguments.explain is not None:
        return _explain(arguments.explain)
    project = project_of(arguments)
    baseline = baseline_of(arguments)
    history = read_history(
        project,
        frozen_from=project.settings.frozen_from,
        exceptions=project.settings.exceptions,
        is_for_offline_sql=project.settings.offline_sql is not False,
    )
    history = replace(history, base=read_base_revisions(project, base_ref=arguments.base_ref))
    rules = all_rules()

    def check(progress: ProgressListener) -> tuple[Finding, ...]:
        read = f"{counted(len(history.files), 'revision file')}, {counted(len(rules), 'rule')}"
        with timed(read, on_step=progress.on_step):
            found = lint(history, rules=rules)
        return baseline.apply("lint", found)

    return run_and_report("lint", check, format_=arguments.format, is_verbose=arguments.verbose)


def _explain(rule_id: str) -> int:
    """Print one rule, or all of them as a page."""
    rules = {rule.id: rule for rule in all_rules()}
    if rule_id and rule_id not in rules:
        raise unknown_id(rule_id, list(rules))
    text = section(rules[rule_id]) if rule_id else page(rules.values())
    print_stdout(text.removesuffix("\n"))
    return 0
