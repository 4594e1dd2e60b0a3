"""`alembic-proof roundtrip`: every revision up, down and up again on a scratch database."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from alembic.script import ScriptDirectory

from alembic_proof.cli.baseline import (
    add_baseline,
    against_baseline,
    refuse_unusable,
    without_accepted,
)
from alembic_proof.cli.options import project_of
from alembic_proof.cli.outcome import Audience, add_format, conclude
from alembic_proof.cli.scratch import announced_server
from alembic_proof.config.row_number import row_number
from alembic_proof.errors import ConfigError
from alembic_proof.finding import Finding, Severity, shown_path
from alembic_proof.history.chain import ChainRevision, choose, read_chain
from alembic_proof.history.changed import changed_files, default_base_ref
from alembic_proof.history.load import version_directories
from alembic_proof.project import Project, history_databases, load_scratch_history
from alembic_proof.proofs import RowPlan
from alembic_proof.prove import prove_revisions
from alembic_proof.report.text import counted


def add(commands: Any) -> argparse.ArgumentParser:
    """Add the command's parser to `commands`."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "roundtrip",
        help="prove that every revision goes up, down and up again",
        description=(
            "Takes each revision up, down and up again on a scratch database with rows in its "
            "tables: after the downgrade the catalog and the rows must be as before, after the "
            "second upgrade as after the first."
        ),
    )
    _add_selection(parser)
    parser.add_argument(
        "--rows",
        type=row_number,
        default=RowPlan().rows,
        metavar="N",
        help="put N rows into each table that is new or changed (default: 3; 0: none)",
    )
    parser.add_argument(
        "--offline-sql",
        action="store_true",
        help="prove as well that the scripts of `alembic upgrade --sql` and `downgrade --sql` lead to "
        "the same catalogs (offline_sql = true in the settings)",
    )
    parser.add_argument(
        "-v",
        "--verbose",
        action="store_true",
        help="show every note; otherwise only those on revisions that an argument names or, without "
        "such arguments, that git knows not to be merged are shown, and the others counted",
    )
    add_format(parser)
    add_baseline(parser)
    parser.set_defaults(run=_run)
    return parser


def _add_selection(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that say which revisions are proved."""
    parser.add_argument(
        "revisions",
        nargs="*",
        metavar="REVISION",
        help="prove these only: a revision (ab12, head, heads) or a range with both its ends "
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


def _run(arguments: argparse.Namespace) -> int:
    project = project_of(arguments)
    refuse_unusable(arguments)

    def prove(audience: Audience) -> tuple[Finding, ...]:
        server_url = announced_server(project, os.environ)
        with history_databases(project, server_url, label="roundtrip") as open_database:
            script, open_database = load_scratch_history(project, open_database)
            chain = read_chain(script)
            wanted = _wanted(project, script, chain, arguments)
            if not wanted:
                _refuse_contradiction(arguments)
                nothing = _nothing_proved(script, len(chain), base_ref=arguments.base_ref)
                return against_baseline(arguments, "round trip", (nothing,), looked_at=())
            audience.expect([one.name for one in chain if one.revision_id in wanted])
            findings = prove_revisions(
                project,
                script=script,
                open_database=open_database,
                wanted=wanted,
                tell=audience.tell,
                rows=arguments.rows,
                is_offline_sql_wanted=arguments.offline_sql,
                keep=lambda found: audience.keep(without_accepted(arguments, "round trip", found)),
            )
        findings = against_baseline(arguments, "round trip", findings, looked_at={"", *wanted})
        return _with_hidden_notes(findings, arguments, project.alembic.directory)

    return conclude(arguments.format, "round trip", prove)


def _refuse_contradiction(arguments: argparse.Namespace) -> None:
    """Ensures that whoever names revisions is told where these name none.

    Raises:
        ConfigError: they do.
    """
    if not arguments.revisions or arguments.base_ref is not None:
        return
    names = " ".join(arguments.revisions)
    after = f" at or after {arguments.start} (--from)" if arguments.start is not None else ""
    raise ConfigError(
        f"no revision to prove: {names} names none{after}",
        todo="`alembic history` lists what there is",
    )


def _nothing_proved(script: ScriptDirectory, revisions: int, *, base_ref: str | None) -> Finding:
    """A note: a wrong path and a clean history would look alike."""
    places = ", ".join(map(shown_path, version_directories(script)))
    why = f"the history has none in {places}"
    if revisions:
        files = f"of {counted(revisions, 'revision file')} none"
        why = f"{files} differs from the merge base with {base_ref}, as far as it was asked for"
    return Finding(
        rule="nothing-proved", message=f"no revision to prove: {why}", severity=Severity.NOTE
    )


_ALWAYS_SHOWN = frozenset({"not-proved"})
_SHOWN_ON_REQUEST = frozenset({"partly-filled"})


def _with_hidden_notes(
    findings: Iterable[Finding], arguments: argparse.Namespace, directory: Path
) -> tuple[Finding, ...]:
    """Return the findings; notes that nobody asks about are marked as hidden.

    Those are about revisions that are merged, where the arguments name none.
    """
    found = tuple(findings)
    if arguments.verbose:
        return found
    quiet = {one for one in found if _is_quiet(one)}
    if arguments.revisions or arguments.start or arguments.base_ref:
        quiet = {one for one in quiet if one.rule in _SHOWN_ON_REQUEST}
    elif quiet:
        own = _unmerged_files(directory)
        quiet = {one for one in quiet if not own or _path(one) not in own}
    return tuple(replace(one, is_hidden=True) if one in quiet else one for one in found)


def _is_quiet(finding: Finding) -> bool:
    """Return whether it is a note on a revision, or one for those who ask for all."""
    if finding.severity is not Severity.NOTE or finding.rule in _ALWAYS_SHOWN:
        return False
    return finding.rule in _SHOWN_ON_REQUEST or bool(finding.revision)


def _unmerged_files(directory: Path) -> frozenset[Path]:
    """Return what differs from the remote's main branch; nothing where git does not know one."""
    try:
        return changed_files(directory, base_ref=default_base_ref(directory))
    except ConfigError:
        return frozenset()


def _path(finding: Finding) -> Path | None:
    return Path(finding.location.path).resolve() if finding.location else None


def _wanted(
    project: Project,
    script: ScriptDirectory,
    chain: tuple[ChainRevision, ...],
    arguments: argparse.Namespace,
) -> frozenset[str]:
    """The ids of the revisions that the arguments name."""
    files: frozenset[Path] | None = None
    if arguments.base_ref is not None:
        files = changed_files(project.alembic.directory, base_ref=arguments.base_ref)
    return choose(
        script,
        chain,
        names=arguments.revisions,
        start=arguments.start,
        files=files,
    )
