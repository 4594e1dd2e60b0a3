"""`alembic-proof roundtrip`: every revision up, down and up again on a scratch database."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path

from alembic.script import ScriptDirectory

from alembic_deploy.errors import ConfigError
from alembic_deploy.revisions import version_directories
from alembic_proof.cli.databases import announced_server
from alembic_proof.cli.options import (
    add_baseline_options,
    add_output_options,
    baseline_of,
    project_of,
)
from alembic_proof.cli.output import ProgressListener, run_and_report
from alembic_proof.config import row_count
from alembic_proof.finding import Finding, Severity, shown_path
from alembic_proof.history.git_changes import changed_files, default_base_ref
from alembic_proof.history.project import Project
from alembic_proof.history.revisions import ChainRevision, choose
from alembic_proof.proofs import RowPlan, run_roundtrip
from alembic_proof.proofs.run import RoundTripResult
from alembic_proof.report.text import counted


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the description and the arguments of the command."""
    parser.description = (
        "Upgrade, downgrade and upgrade each revision on a scratch database with rows in its "
        "tables. After the downgrade, the catalog and the rows must equal those before it; after "
        "the second upgrade, those after the first."
    )
    _add_selection(parser)
    parser.add_argument(
        "--rows",
        type=row_count,
        default=RowPlan().rows,
        metavar="N",
        help="insert N rows into each new or changed table (default: 3; 0: none)",
    )
    parser.add_argument(
        "--offline-sql",
        action="store_true",
        help="also prove that the scripts of `alembic upgrade --sql` and `downgrade --sql` lead to "
        "the same catalogs (setting: offline_sql = true)",
    )
    add_output_options(
        parser,
        verbose="list every revision with its times, and every note; by default notes are shown only "
        "for the revisions that an argument selects or, without such arguments, for those not merged "
        "according to git",
    )
    add_baseline_options(parser)


def _add_selection(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that select revisions."""
    parser.add_argument(
        "revisions",
        nargs="*",
        metavar="REVISION",
        help="prove only these: a revision (ab12, head, heads) or a range that includes both ends "
        "(ab12:cd34, ab12:, :cd34)",
    )
    parser.add_argument(
        "--from",
        dest="start",
        metavar="REV",
        help="prove REV and everything after it; combined with REVISION or --base-ref, only "
        "what both select",
    )
    parser.add_argument(
        "--base-ref",
        metavar="REF",
        help="prove the revisions whose files changed since the merge base with this git ref",
    )


def run(arguments: argparse.Namespace) -> int:
    """Prove the round trip of the selected revisions; return the exit code."""
    project = project_of(arguments)
    baseline = baseline_of(arguments)

    def prove(progress: ProgressListener) -> tuple[Finding, ...]:
        result = run_roundtrip(
            project,
            announced_server(project, os.environ),
            select=partial(_selected, project, arguments),
            on_step=progress.on_step,
            expect=progress.expect,
            rows=arguments.rows,
            is_offline_sql_wanted=arguments.offline_sql,
            keep=lambda found: progress.keep(baseline.apply_to_partial("round trip", found)),
        )
        if not result.selected:
            nothing = _nothing_proved(result, base_ref=arguments.base_ref)
            return baseline.apply("round trip", (nothing,), proved=())
        findings = baseline.apply("round trip", result.findings, proved={"", *result.selected})
        return _with_hidden_notes(findings, arguments, project.directory)

    return run_and_report(
        "round trip", prove, format_=arguments.format, is_verbose=arguments.verbose
    )


def _refuse_contradiction(arguments: argparse.Namespace) -> None:
    """Refuse arguments that name revisions and together select none.

    :raises ConfigError: They do.
    """
    if not arguments.revisions or arguments.base_ref is not None:
        return
    names = " ".join(arguments.revisions)
    after = f" at or after {arguments.start} (--from)" if arguments.start is not None else ""
    raise ConfigError(
        f"no revision to prove: {names} selects none{after}",
        todo="`alembic history` lists the revisions",
    )


def _nothing_proved(result: RoundTripResult, *, base_ref: str | None) -> Finding:
    """Return a note, so that a wrong path does not look like a clean history."""
    directories = ", ".join(map(shown_path, version_directories(result.script)))
    why = f"the history has none in {directories}"
    if result.chain:
        files = counted(len(result.chain), "revision file")
        why = (
            f"none of {files} that the arguments select differs from the merge base with {base_ref}"
        )
    return Finding(
        id="nothing-proved", message=f"no revision to prove: {why}", severity=Severity.NOTE
    )


_ALWAYS_SHOWN = frozenset({"not-proved"})
_SHOWN_ON_REQUEST = frozenset({"partly-filled"})


def _with_hidden_notes(
    findings: Iterable[Finding], arguments: argparse.Namespace, directory: Path
) -> tuple[Finding, ...]:
    """Return the findings, with notes on revisions that the user is not working on marked hidden.

    Those are the merged revisions, unless the arguments select revisions.
    """
    found = tuple(findings)
    if arguments.verbose:
        return found
    quiet = {one for one in found if _is_quiet(one)}
    if arguments.revisions or arguments.start or arguments.base_ref:
        quiet = {one for one in quiet if one.id in _SHOWN_ON_REQUEST}
    elif quiet:
        own = _unmerged_files(directory)
        quiet = {one for one in quiet if not own or _path(one) not in own}
    return tuple(replace(one, is_hidden=True) if one in quiet else one for one in found)


def _is_quiet(finding: Finding) -> bool:
    """Return whether it is a note that may be hidden."""
    if finding.severity is not Severity.NOTE or finding.id in _ALWAYS_SHOWN:
        return False
    return finding.id in _SHOWN_ON_REQUEST or bool(finding.revision)


def _unmerged_files(directory: Path) -> frozenset[Path]:
    """Return the files that differ from the remote's main branch; empty if git does not know it."""
    try:
        return changed_files(directory, base_ref=default_base_ref(directory))
    except ConfigError:
        return frozenset()


def _path(finding: Finding) -> Path | None:
    return Path(finding.location.path).resolve() if finding.location else None


def _selected(
    project: Project,
    arguments: argparse.Namespace,
    script: ScriptDirectory,
    chain: tuple[ChainRevision, ...],
) -> frozenset[str]:
    """Return the ids of the revisions that the arguments select.

    :raises ConfigError: The arguments name revisions and together select none.
    """
    files: frozenset[Path] | None = None
    if arguments.base_ref is not None:
        files = changed_files(project.directory, base_ref=arguments.base_ref)
    selected = choose(script, chain, names=arguments.revisions, start=arguments.start, files=files)
    if not selected:
        _refuse_contradiction(arguments)
    return selected
