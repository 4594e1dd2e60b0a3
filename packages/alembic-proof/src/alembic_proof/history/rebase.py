"""Putting the revisions of a branch behind those that were merged meanwhile."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from alembic.script import ScriptDirectory

from alembic_proof.errors import ConfigError, HistoryError
from alembic_proof.finding import first_of
from alembic_proof.history.alembic_error import merge_command
from alembic_proof.history.changed import (
    CommittedFile,
    checked_out_commit,
    committed_files,
    default_base_ref,
    private_file,
    top_level,
    uncommitted_files,
)
from alembic_proof.history.directory_lock import directory_lock
from alembic_proof.history.file_moves import (
    FileMove,
    InterruptedMoves,
    move_files,
    undo_interrupted,
)
from alembic_proof.history.file_template import FileTemplate
from alembic_proof.history.heads import (
    GraphRevision,
    RevisionGraph,
    SeveralHeads,
    parse_graph_revision,
    read_graph,
    several_heads,
)
from alembic_proof.history.load import missing_parent, version_directories
from alembic_proof.history.reparent import reparented

_JOURNAL = "alembic-proof-rebase.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebase:
    """What a rebase does, or has done."""

    revisions: tuple[GraphRevision, ...]
    """The local revisions as they were, oldest first."""
    moves: tuple[FileMove, ...]
    """One for each of them."""
    onto: GraphRevision
    """The head that they follow now."""
    fork: str | None
    """The revision that they followed; None where they began a history."""
    base_ref: str
    graph: RevisionGraph
    """The history as it was."""

    def commands_for(self, versions: Collection[str]) -> tuple[str, ...]:
        """Return what takes a database to the new order; nothing where it has no local revision.

        In the new order, the versions of such a database say that it has all that was merged.

        :param versions: what its version table says.
        """
        applied = self.graph.ancestors(versions)
        local = [one.revision_id for one in self.revisions if one.revision_id in applied]
        if not local:
            return ()
        newest, onto = local[-1], self.onto.revision_id
        if onto in applied:
            rest = () if len(local) == len(self.revisions) else ("alembic upgrade head",)
            return (f"alembic stamp --purge {newest}", *rest)
        others = applied.difference(local)
        followed = {parent for name in others for parent in self.graph.parents(name)}
        at = " ".join(sorted(others - followed)) or "base"
        return (
            *([f"alembic stamp --purge {newest}"] if len(versions) > 1 else []),
            f"alembic downgrade {onto}",
            f"alembic stamp {at}",
            "alembic upgrade head",
        )


def undo_interrupted_rebase(script: ScriptDirectory) -> InterruptedMoves:
    """Put back the files of a rebase that was killed; one that is running is waited for.

    No revision needs to be loaded for it.
    """
    places = _places(script)
    if not places:
        return InterruptedMoves()
    with directory_lock(places[0]):
        try:
            root = top_level(places[0])
            journal, commit = private_file(root, _JOURNAL), checked_out_commit(root)
        except ConfigError:
            return InterruptedMoves()
        return undo_interrupted(journal, commit=commit)


def rebase(script: ScriptDirectory, *, base_ref: str | None = None) -> Rebase | None:
    """Put the revisions that the base ref does not have behind the other head.

    None where the history has one head, or heads that are meant. Nothing is changed after an error.

    :param script: the directory; none of its revisions is loaded, what they import does not matter.
    :param base_ref: by default the remote's main branch.

    Raises:
        ConfigError: no git repository, no such ref, a dirty tree.
        HistoryError: not exactly one local branch of revisions and one other head.
    """
    graph = read_graph(script)
    groups = several_heads(graph)
    if not groups:
        return None
    places = _places(script)
    with directory_lock(places[0]):
        root = top_level(places[0])
        _refuse_dirty(root, places)
        ref = base_ref or default_base_ref(root)
        merged = _ids_of(committed_files(places, ref=ref))
        group, head = _local_head(groups, merged, ref=ref)
        [onto] = (one for one in group.heads if one != head)
        local = _local_branch(head, graph, merged)
        planned = Rebase(
            revisions=local,
            moves=tuple(_moves(script, local, onto)),
            onto=onto,
            fork=next(iter(local[0].parents), None),
            base_ref=ref,
            graph=graph,
        )
        journal = private_file(root, _JOURNAL)
        move_files(planned.moves, journal=journal, commit=checked_out_commit(root))
    return planned


def missing_revisions(
    script: ScriptDirectory, *, base_ref: str | None = None
) -> tuple[str, tuple[str, ...]]:
    """Return the base ref, and the ids of its revisions that the checkout does not have.

    Raises:
        ConfigError: no git repository, or no such ref.
    """
    places = _places(script)
    if not places:
        return base_ref or "", ()
    ref = base_ref or default_base_ref(top_level(places[0]))
    here = read_graph(script).by_id.keys()
    return ref, tuple(sorted(_ids_of(committed_files(places, ref=ref)) - here))


def _places(script: ScriptDirectory) -> tuple[Path, ...]:
    return tuple(place for place in version_directories(script) if place.is_dir())


def _refuse_dirty(root: Path, places: Collection[Path]) -> None:
    found = uncommitted_files(root, places)
    if found:
        names = first_of([str(path.relative_to(root)) for path in found], most=3)
        raise ConfigError(
            f"the git tree is dirty: {names}; nothing was changed",
            where=str(root),
            todo="commit the changes or stash them, and run this again",
        )


def _ids_of(files: Iterable[CommittedFile]) -> frozenset[str]:
    """Return the ids of the revisions that a commit has; what cannot be parsed is none."""
    found: set[str] = set()
    for file in files:
        try:
            one = parse_graph_revision(ast.parse(file.source), path=str(file.path))
        except (SyntaxError, ValueError):
            continue
        if one is not None:
            found.add(one.revision_id)
    return frozenset(found)


def _local_head(
    groups: tuple[SeveralHeads, ...], merged: frozenset[str], *, ref: str
) -> tuple[SeveralHeads, GraphRevision]:
    """Return the one head that the base ref does not have, among those that nothing tells apart."""
    heads = [(group, one) for group in groups for one in group.heads]
    merge = f"join them with {merge_command(one.revision_id for _, one in heads)}"
    local = [(group, one) for group, one in heads if one.revision_id not in merged]
    if not local:
        names = " and ".join(str(one) for _, one in heads)
        raise HistoryError(
            f"no head is local: {ref} has {names}; nothing was changed",
            todo=f"name the ref that your branch began from, --base-ref REF, or {merge}",
        )
    if len(local) > 1:
        names = " and ".join(str(one) for _, one in local)
        raise HistoryError(
            f"there is more than one local branch of revisions: {names} are not in {ref}; "
            "nothing was changed",
            todo="fetch the remote's main branch, or name the ref that has all but one of them, "
            f"--base-ref REF, or {merge}",
        )
    [(group, head)] = local
    if len(group.heads) > 2:
        others = " and ".join(str(one) for one in group.heads if one != head)
        raise HistoryError(
            f"{ref} itself has several heads: {others}; nothing was changed",
            todo="let that branch have one head first",
        )
    return group, head


def _local_branch(
    head: GraphRevision, graph: RevisionGraph, merged: frozenset[str]
) -> tuple[GraphRevision, ...]:
    """Return the local revisions from the oldest one to the head: one line, of which nothing parts."""
    line = [head]
    while True:
        parents = graph.parents(line[0].revision_id)
        if len(parents) > 1:
            raise HistoryError(
                f"{line[0]} is a merge revision: a rebase would take one side away; nothing was "
                "changed",
                todo="delete it where it is not applied anywhere, commit that, and run this again",
            )
        if not parents or parents[0] in merged:
            break
        if parents[0] not in graph.by_id:
            raise missing_parent(line[0].revision_id, parents[0], where=line[0].path)
        line.insert(0, graph.by_id[parents[0]])
    ids = {one.revision_id for one in line}
    for one in graph.revisions:
        follows = ids.intersection(graph.parents(one.revision_id))
        if follows and one.revision_id not in ids:
            raise HistoryError(
                f"there is more than one local branch of revisions: {one} follows "
                f"{graph.by_id[min(follows)]} as well; nothing was changed",
                todo="put these one behind the other first",
            )
    return tuple(line)


def _moves(
    script: ScriptDirectory, local: tuple[GraphRevision, ...], onto: GraphRevision
) -> Iterator[FileMove]:
    """Yield the new name and contents of each local revision's file."""
    template = FileTemplate(script.file_template)
    paths = [Path(one.path).absolute() for one in local]
    names = [_name(path, script)[1] for path in _other_files(script, paths)]
    now = script._generate_create_date()
    stamps = template.later_stamps(names, now=now, number=len(local))
    for one, path, stamp in zip(local, paths, stamps, strict=True):
        place, name = _name(path, script)
        new = template.with_stamp(name, revision_id=one.revision_id, stamp=stamp)
        before = path.read_bytes()
        after = before
        if one is local[0]:
            after = reparented(
                before,
                revision_id=one.revision_id,
                parent=next(iter(one.parents), None),
                new_parent=onto.revision_id,
                where=one.path,
            )
        yield FileMove(old=path, new=place / f"{new}.py", before=before, after=after)


def _other_files(script: ScriptDirectory, paths: Collection[Path]) -> Iterator[Path]:
    for place in _places(script):
        yield from (path for path in place.rglob("*.py") if path not in paths)


def _name(path: Path, script: ScriptDirectory) -> tuple[Path, str]:
    """Return the directory of revisions, and the name in it that the template makes."""
    inside = [place for place in _places(script) if path.is_relative_to(place)]
    place = max(inside, key=lambda one: len(one.parts), default=path.parent)
    return place, path.relative_to(place).with_suffix("").as_posix()
