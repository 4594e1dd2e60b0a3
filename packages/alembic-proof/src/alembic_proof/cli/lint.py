"""`alembic-proof lint`: read every revision file, run none."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Any

from alembic_proof.cli.baseline import add_baseline, against_baseline, refuse_unusable
from alembic_proof.cli.options import project_of
from alembic_proof.cli.outcome import Audience, add_format, conclude
from alembic_proof.cli.terminal import say
from alembic_proof.errors import ConfigError
from alembic_proof.finding import Finding
from alembic_proof.lint import all_rules, lint, read_base, read_history
from alembic_proof.proofs.step import timed
from alembic_proof.report.rules import rule_section, rules_page
from alembic_proof.report.text import counted


def add(commands: Any) -> argparse.ArgumentParser:
    """Add the command's parser to `commands`."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "lint",
        help="check the revision files by their syntax",
        description="Checks every revision file by its syntax: nothing is imported or run.",
    )
    parser.add_argument(
        "--explain",
        nargs="?",
        const="",
        metavar="RULE",
        help="print the documentation of RULE, of all rules without one",
    )
    parser.add_argument(
        "--base-ref",
        metavar="REF",
        help="find revisions that were edited or deleted since the merge base with this git ref "
        "(default: the remote's main branch, where git knows it)",
    )
    add_format(parser)
    add_baseline(parser)
    parser.set_defaults(run=_run)
    return parser


def _run(arguments: argparse.Namespace) -> int:
    if arguments.explain is not None:
        return _explain(arguments.explain)
    project = project_of(arguments)
    refuse_unusable(arguments)
    history = read_history(
        project.alembic,
        frozen_from=project.config.frozen_from,
        exceptions=project.config.exceptions,
        is_for_offline_sql=project.config.offline_sql is not False,
    )
    history = replace(history, base=read_base(project.alembic, base_ref=arguments.base_ref))
    rules = all_rules()

    def check(audience: Audience) -> tuple[Finding, ...]:
        read = f"{counted(len(history.files), 'revision file')}, {counted(len(rules), 'rule')}"
        with timed(read, tell=audience.tell):
            found = lint(history, rules=rules)
        return against_baseline(arguments, "lint", found)

    return conclude(arguments.format, "lint", check)


def _explain(rule_id: str) -> int:
    chosen = [rule for rule in all_rules() if rule_id in ("", rule.id)]
    if not chosen:
        raise ConfigError(
            f"lint has no rule {rule_id!r}",
            todo=f"name one of {', '.join(rule.id for rule in all_rules())}; "
            "what the proofs find is explained in docs/findings.md",
        )
    say((rule_section(chosen[0]) if rule_id else rules_page(chosen)).removesuffix("\n"))
    return 0
