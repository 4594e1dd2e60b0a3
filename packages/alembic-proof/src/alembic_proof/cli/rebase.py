"""`alembic-proof rebase`: put the revisions of a branch behind those that were merged meanwhile."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from typing import Any

from alembic.script import ScriptDirectory

from alembic_proof.cli.options import project_of
from alembic_proof.cli.outcome import Audience, conclude
from alembic_proof.cli.scratch import announced_server
from alembic_proof.cli.terminal import note, results_alone, say
from alembic_proof.env.local import developer_database_url
from alembic_proof.errors import ConfigError, ProofError
from alembic_proof.finding import Finding, shown_path
from alembic_proof.history.chain import find_history, read_chain
from alembic_proof.history.environment import read_environment
from alembic_proof.history.file_moves import InterruptedMoves
from alembic_proof.history.heads import read_graph
from alembic_proof.history.rebase import (
    Rebase,
    missing_revisions,
    rebase,
    undo_interrupted_rebase,
)
from alembic_proof.history.script import alembic_config
from alembic_proof.postgres.url import DatabaseUrl
from alembic_proof.project import Project, history_databases, load_scratch_history
from alembic_proof.proofs.state import read_heads
from alembic_proof.prove import prove_revisions
from alembic_proof.report.text import counted


def add(commands: Any) -> argparse.ArgumentParser:
    """Add the command's parser to `commands`."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "rebase",
        help="put the revisions of your branch behind those that were merged meanwhile",
        description=(
            "Where the history has two heads, of which the base ref has one: lets the revisions "
            "that it does not have follow that head, gives their files later time stamps, "
            "corrects their docstrings, and proves their round trip. The git tree must be clean."
        ),
        epilog="exit codes: 0 rebased and proved, or nothing to rebase; 1 the proof has found "
        "something; 2 refused and nothing was changed, or the proof could not run",
    )
    parser.add_argument(
        "--base-ref",
        metavar="REF",
        help="a revision is local where this git ref does not have it (default: the remote's main "
        "branch)",
    )
    parser.add_argument(
        "--no-proof", action="store_true", help="do not prove the round trip of the revisions"
    )
    parser.set_defaults(run=_run)
    return parser


def _run(arguments: argparse.Namespace) -> int:
    project = project_of(arguments)
    config = alembic_config(project.alembic)
    script = find_history(config)
    for note_text in _undone_texts(undo_interrupted_rebase(script)):
        note(note_text)
    done = rebase(script, base_ref=arguments.base_ref)
    if done is None:
        say(_nothing_to_rebase(script))
        say(_missing_text(script, base_ref=arguments.base_ref))
        return 0
    say(_rebased_text(done))
    say(_database_text(project, done))
    if arguments.no_proof:
        return 0
    try:
        return _prove(project, done)
    except ProofError:
        ids = " ".join(one.revision_id for one in done.revisions)
        note(f"the revisions are rebased, and not proved: alembic-proof roundtrip {ids}")
        raise


def _undone_texts(interrupted: InterruptedMoves) -> Iterator[str]:
    """Yield what became of each file that an interrupted rebase has left."""
    for path in interrupted.restored:
        yield f"put back what an interrupted rebase has left: {shown_path(path)}"
    for path in interrupted.left:
        yield (
            f"an interrupted rebase has written {shown_path(path)}, and another commit is checked "
            "out since: it stays as it is; compare it with git"
        )


def _nothing_to_rebase(script: ScriptDirectory) -> str:
    match read_graph(script).heads:
        case ():
            return "nothing to rebase: the history has no revision"
        case [head]:
            return f"nothing to rebase: the history has one head, {head}"
        case heads:
            return f"nothing to rebase: the heads {', '.join(heads)} are branches that are meant"


def _missing_text(script: ScriptDirectory, *, base_ref: str | None) -> str:
    """Return what is to be done first, where the base ref has revisions that are not here; else nothing."""
    try:
        ref, missing = missing_revisions(script, base_ref=base_ref)
    except ConfigError:
        return ""
    if not missing:
        return ""
    return (
        f"{ref} has {counted(len(missing), 'revision')} that this checkout does not have: "
        f"{', '.join(missing)}; merge it, or rebase your branch on it, and run this again"
    )


def _rebased_text(done: Rebase) -> str:
    """Return what was done to the files."""
    moved = [
        f"  {one.path} -> {shown_path(move.new)}" if move.new != move.old else f"  {one.path}"
        for one, move in zip(done.revisions, done.moves, strict=True)
    ]
    number = counted(len(done.revisions), "revision")
    return "\n".join([f"{number} put behind {done.onto}:", *moved])


def _database_text(project: Project, done: Rebase) -> str:
    """Return what to do with the developer's database, or with any that has the revisions applied."""
    ids = [one.revision_id for one in done.revisions]
    directory = shown_path(project.alembic.directory)
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
        url = developer_database_url(project.config, os.environ, start=False)
        if url is None:
            return None
        with results_alone():
            environment = read_environment(alembic_config(project.alembic, url=url))
        return DatabaseUrl.parse(url).display, read_heads(url, environment=environment)
    except ProofError as error:
        note(f"your database was not looked at: {error.what}")
        return None


def _prove(project: Project, done: Rebase) -> int:
    """Prove the round trip of the revisions in their new place."""

    def prove(audience: Audience) -> tuple[Finding, ...]:
        server_url = announced_server(project, os.environ)
        wanted = frozenset(one.revision_id for one in done.revisions)
        with history_databases(project, server_url, label="rebase") as open_database:
            script, open_database = load_scratch_history(project, open_database)
            chain = read_chain(script)
            audience.expect([one.name for one in chain if one.revision_id in wanted])
            return prove_revisions(
                project,
                script=script,
                open_database=open_database,
                wanted=wanted,
                tell=audience.tell,
                keep=audience.keep,
            )

    return conclude("text", "round trip", prove)
