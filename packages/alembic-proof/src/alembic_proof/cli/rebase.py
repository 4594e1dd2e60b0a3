"""`alembic-proof rebase`: move the revisions of a branch after those that were merged meanwhile."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator

from alembic.script import ScriptDirectory

from alembic_deploy.errors import ConfigError, DeployError
from alembic_deploy.url import DatabaseUrl
from alembic_proof.cli.databases import announced_server, developer_database_url
from alembic_proof.cli.options import project_of
from alembic_proof.cli.output import (
    ProgressListener,
    print_stderr,
    print_stdout,
    run_and_report,
    stdout_to_stderr,
)
from alembic_proof.finding import Finding, shown_path
from alembic_proof.history.alembic_config import alembic_config
from alembic_proof.history.env_py import read_environment
from alembic_proof.history.file_moves import InterruptedMoves
from alembic_proof.history.project import Project
from alembic_proof.history.rebase import (
    Rebase,
    missing_revisions,
    rebase,
    undo_interrupted_rebase,
)
from alembic_proof.history.revision_graph import read_graph
from alembic_proof.history.revisions import find_history
from alembic_proof.proofs import run_roundtrip
from alembic_proof.proofs.database_state import read_heads
from alembic_proof.report.text import counted


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the description and the arguments of the command."""
    parser.description = (
        "If the history has two heads and the base ref has one of them: make the other branch's "
        "revisions follow that head, give their files later time stamps, correct their docstrings, "
        "and prove their round trip. The git tree must be clean."
    )
    parser.epilog = (
        "exit codes: 0 rebased and proved, or nothing to rebase; 1 the proof has findings; "
        "2 refused and nothing was changed, or the proof could not run"
    )
    parser.add_argument(
        "--base-ref",
        metavar="REF",
        help="move the revisions that this git ref does not have (default: the remote's main branch)",
    )
    parser.add_argument(
        "--no-proof", action="store_true", help="do not prove the round trip of the revisions"
    )


def run(arguments: argparse.Namespace) -> int:
    """Rebase the branch's revisions and prove them; return the exit code."""
    project = project_of(arguments)
    config = alembic_config(project)
    script = find_history(config)
    for note_text in _undone_texts(undo_interrupted_rebase(script)):
        print_stderr(note_text)
    done = rebase(script, base_ref=arguments.base_ref)
    if done is None:
        print_stdout(_nothing_to_rebase(script))
        print_stdout(_missing_text(script, base_ref=arguments.base_ref))
        return 0
    print_stdout(_rebased_text(done))
    print_stdout(_database_text(project, done))
    if arguments.no_proof:
        return 0
    try:
        return _prove(project, done)
    except DeployError:
        ids = " ".join(one.revision_id for one in done.revisions)
        print_stderr(
            f"the revisions are rebased but not proved; run: alembic-proof roundtrip {ids}"
        )
        raise


def _undone_texts(interrupted: InterruptedMoves) -> Iterator[str]:
    """Yield a line for each file that an interrupted rebase changed."""
    for path in interrupted.restored:
        yield f"restored after an interrupted rebase: {shown_path(path)}"
    for path in interrupted.left:
        yield (
            f"an interrupted rebase wrote {shown_path(path)}, and another commit was checked out "
            "since: it was not restored; compare it with git"
        )


def _nothing_to_rebase(script: ScriptDirectory) -> str:
    match read_graph(script).heads:
        case ():
            return "nothing to rebase: the history has no revision"
        case [head]:
            return f"nothing to rebase: the history has one head, {head}"
        case heads:
            return f"nothing to rebase: the heads {', '.join(heads)} are separate branches"


def _missing_text(script: ScriptDirectory, *, base_ref: str | None) -> str:
    """Return what to do first if the base ref has revisions that are not here; else an empty text."""
    try:
        ref, missing = missing_revisions(script, base_ref=base_ref)
    except ConfigError:
        return ""
    if not missing:
        return ""
    return (
        f"{ref} has {counted(len(missing), 'revision')} that this checkout does not have: "
        f"{', '.join(missing)}; merge it or rebase your git branch on it, then run this again"
    )


def _rebased_text(done: Rebase) -> str:
    """Return the files that were moved or changed."""
    moved = [
        f"  {one.path} -> {shown_path(move.new)}" if move.new != move.old else f"  {one.path}"
        for one, move in zip(done.revisions, done.moves, strict=True)
    ]
    number = counted(len(done.revisions), "revision")
    return "\n".join([f"{number} moved after {done.onto}:", *moved])


def _database_text(project: Project, done: Rebase) -> str:
    """Return what to do with the developer's database, or with any that has the revisions applied."""
    ids = [one.revision_id for one in done.revisions]
    directory = shown_path(project.directory)
    needs = "needs:" if directory == "." else f"needs, typed in {directory}:"
    known = _read_versions(project)
    if known is None:
        head, onto = ids[-1], done.onto.revision_id
        return "\n".join(
            [
                f"A database that has {' and '.join(ids)} applied, and not {onto}, {needs}",
                *(f"  {one}" for one in done.commands_for((head,))),
                f"One that has both applied {needs}",
                *(f"  {one}" for one in done.commands_for((head, onto))),
            ]
        )
    name, versions = known
    commands = done.commands_for(versions)
    if not commands:
        return f"{name} has not applied {' or '.join(ids)}: upgrade it as usual"
    what = f"is at the old order: an upgrade would pass over what it lacks. It {needs}"
    return "\n".join([f"{name} {what}", *(f"  {one}" for one in commands)])


def _read_versions(project: Project) -> tuple[str, tuple[str, ...]] | None:
    """Return the developer's database and its versions; None where it is not there or not readable."""
    try:
        url = developer_database_url(project.settings.directory, os.environ, start=False)
        if url is None:
            return None
        with stdout_to_stderr():
            environment = read_environment(alembic_config(project, url=url))
        return DatabaseUrl.parse(url).display, read_heads(url, environment=environment)
    except DeployError as error:
        print_stderr(f"your database was not looked at: {error.what}")
        return None


def _prove(project: Project, done: Rebase) -> int:
    """Prove the round trip of the revisions in their new place."""

    def prove(progress: ProgressListener) -> tuple[Finding, ...]:
        result = run_roundtrip(
            project,
            announced_server(project, os.environ),
            select=lambda *_: [one.revision_id for one in done.revisions],
            on_step=progress.on_step,
            expect=progress.expect,
            keep=progress.keep,
        )
        return result.findings

    return run_and_report("round trip", prove)
