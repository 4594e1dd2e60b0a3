"""Several heads of a history: which ones nobody meant, and where they part.

Source: https://alembic.sqlalchemy.org/en/latest/branches.html
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path, PurePath

from alembic.script import ScriptDirectory

from alembic_proof.errors import HistoryError
from alembic_proof.finding import Finding, Location, shown_path
from alembic_proof.history.alembic_error import join_heads
from alembic_proof.history.assignments import assigned_value, is_literal, may_assign, strings_in
from alembic_proof.history.load import duplicate_id, revision_files

RULE = "several-heads"


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphRevision:
    """A revision's place in the history."""

    revision_id: str
    path: str
    parents: tuple[str, ...] = ()
    """Ids, or branch labels, of `down_revision`."""
    labels: tuple[str, ...] = ()
    """The branch labels that its own file gives."""

    def __str__(self) -> str:
        return f"{self.revision_id} ({self.path})"


@dataclass(frozen=True, slots=True)
class RevisionGraph:
    """Revisions, and which of them follows which."""

    by_id: Mapping[str, GraphRevision]
    _id_of_label: Mapping[str, str]

    @classmethod
    def of(cls, revisions: Iterable[GraphRevision]) -> RevisionGraph:
        """Return the graph of these revisions."""
        by_id = {one.revision_id: one for one in revisions}
        labels = {label: one.revision_id for one in by_id.values() for label in one.labels}
        return cls(by_id, labels)

    @property
    def revisions(self) -> tuple[GraphRevision, ...]:
        """The revisions in the order in which they were given."""
        return tuple(self.by_id.values())

    @property
    def heads(self) -> tuple[str, ...]:
        """The ids of the revisions that no other one follows, sorted."""
        followed = {parent for name in self.by_id for parent in self.parents(name)}
        return tuple(sorted(self.by_id.keys() - followed))

    def parents(self, revision_id: str) -> tuple[str, ...]:
        """Return the ids of the revisions that it follows, also of one that no file has."""
        names = self.by_id[revision_id].parents
        return tuple(self._id_of_label.get(name, name) for name in names)

    def ancestors(self, revision_ids: Iterable[str]) -> frozenset[str]:
        """Return the ids of these revisions and of all that they follow, as far as files have them."""
        found: set[str] = set()
        waiting = list(revision_ids)
        while waiting:
            one = waiting.pop()
            if one in self.by_id and one not in found:
                found.add(one)
                waiting += self.parents(one)
        return frozenset(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeveralHeads:
    """Heads that nothing tells apart."""

    heads: tuple[GraphRevision, ...]
    """In the order of their files."""
    forks: tuple[GraphRevision, ...]
    """The youngest revisions that all of them follow; empty where they have none in common."""

    @property
    def message(self) -> str:
        """What is wrong with them."""
        heads = " and ".join(map(str, self.heads))
        forks = " and ".join(map(str, self.forks))
        parting = f"both follow {forks}" if len(self.heads) == 2 else f"all follow {forks}"
        where = parting if forks else "they have no revision in common"
        number = len(self.heads)
        return f"the history has {number} heads, {heads}; {where}: `alembic upgrade head` fails"

    @property
    def finding(self) -> Finding:
        """Return the heads as an error at the file of the last one."""
        return Finding(
            rule=RULE,
            message=self.message,
            location=Location(self.heads[-1].path),
            revision=self.heads[0].revision_id,
            todo=f"{join_heads(one.revision_id for one in self.heads)}; where several branches are "
            "meant, give each a name of its own with branch_labels",
        )


def refuse_several_heads(script: ScriptDirectory) -> None:
    """Ensure that a new revision has one head to follow.

    Raises:
        HistoryError: there are several heads; names them and what to do.
    """
    found = sorted(script.get_heads())
    if len(found) < 2:
        return
    what = f"the history has {len(found)} heads: {', '.join(found)}"
    if unmeant := several_heads(graph_of(script)):
        ids = (one.revision_id for group in unmeant for one in group.heads)
        raise HistoryError(what, todo=join_heads(ids))
    raise HistoryError(
        what,
        todo="they have branch labels: write the revision with "
        '`alembic revision -m "message" --head LABEL@head`',
    )


def graph_of(script: ScriptDirectory) -> RevisionGraph:
    """Return the revisions of a history that is loaded."""
    return RevisionGraph.of(
        GraphRevision(
            revision_id=one.revision,
            path=shown_path(Path(one.path)),
            parents=tuple(one._versioned_down_revisions),
            labels=tuple(one._orig_branch_labels),
        )
        for one in script.walk_revisions()
    )


def read_graph(script: ScriptDirectory) -> RevisionGraph:
    """Return the revisions as their files say, in the order of the files; nothing is run.

    Raises:
        HistoryError: a file that cannot be parsed, an id that two files have, one that is computed.
    """
    found: dict[str, GraphRevision] = {}
    for path in revision_files(script):
        try:
            tree = ast.parse(path.read_bytes())
        except SyntaxError as error:
            what = f"a revision cannot be read: SyntaxError: {error.msg}"
            raise HistoryError(
                what, where=f"{path}:{error.lineno}", todo="correct the file"
            ) from error
        one = parse_graph_revision(tree, path=shown_path(path))
        _refuse_computed(tree, path=shown_path(path))
        if one is None:
            continue
        if found.setdefault(one.revision_id, one) != one:
            raise duplicate_id(one.revision_id, found[one.revision_id].path, one.path)
    return RevisionGraph.of(found.values())


def _refuse_computed(tree: ast.Module, *, path: str) -> None:
    """Ensure that the file says its place in literals: nothing of it is run."""
    for name in ("revision", "down_revision"):
        if (line := computed_line(tree, name)) is not None:
            raise HistoryError(
                f"{name} is no plain string at the top of the module, so it cannot be read",
                where=f"{path}:{line}" if line else path,
                todo="write it as a string",
            )


def computed_line(tree: ast.Module, name: str) -> int | None:
    """Return the line where the name gets a value that only a run tells; None where no line does.

    0 where no assignment at the top of the module gives it: it is imported, or in an `if`.
    """
    value = assigned_value(tree, name)
    if value is None:
        return 0 if may_assign(tree, name) else None
    is_known = is_literal(value) and (name != "revision" or isinstance(value, ast.Constant))
    return None if is_known else value.lineno


def parse_graph_revision(tree: ast.Module, *, path: str) -> GraphRevision | None:
    """Return what the file of a revision says of its place; None where it is no revision."""
    match assigned_value(tree, "revision"):
        case ast.Constant(value=str(revision_id)):
            pass
        case _:
            return None
    return GraphRevision(
        revision_id=revision_id,
        path=path,
        parents=strings_in(assigned_value(tree, "down_revision")),
        labels=strings_in(assigned_value(tree, "branch_labels")),
    )


def several_heads(graph: RevisionGraph) -> tuple[SeveralHeads, ...]:
    """Return the heads of each branch that has more than one; empty for a sound history.

    Heads are meant where their branch labels differ, and where they have no revision in common and
    lie in directories of their own (`version_locations`).
    """
    below = {name: graph.ancestors([name]) for name in graph.heads}
    return tuple(
        SeveralHeads(heads=group, forks=_forks(group, below, graph))
        for group in _alike(below, graph)
        if len(group) > 1
    )


def _alike(
    below: Mapping[str, frozenset[str]], graph: RevisionGraph
) -> list[tuple[GraphRevision, ...]]:
    """Group the heads that nothing tells apart, in the order of their files."""
    group_of = {name: {name} for name in below}
    for one, other in combinations(below, 2):
        if _is_meant(one, other, below, graph):
            continue
        joined = group_of[one] | group_of[other]
        group_of |= dict.fromkeys(joined, joined)
    groups = {frozenset(group) for group in group_of.values()}
    in_order = (sorted((graph.by_id[name] for name in group), key=_by_path) for group in groups)
    return sorted(map(tuple, in_order), key=lambda group: _by_path(group[0]))


def _is_meant(
    one: str, other: str, below: Mapping[str, frozenset[str]], graph: RevisionGraph
) -> bool:
    ours, others = below[one], below[other]
    if _labels(ours, graph) != _labels(others, graph):
        return True
    places = {PurePath(graph.by_id[name].path).parent for name in (one, other)}
    return not ours & others and len(places) == 2


def _labels(names: frozenset[str], graph: RevisionGraph) -> frozenset[str]:
    """Return the labels of a head: those of all revisions that it follows, and its own."""
    return frozenset(label for name in names for label in graph.by_id[name].labels)


def _forks(
    heads: tuple[GraphRevision, ...],
    below: Mapping[str, frozenset[str]],
    graph: RevisionGraph,
) -> tuple[GraphRevision, ...]:
    """Return the common ancestors that no other common ancestor follows."""
    common = frozenset.intersection(*(below[one.revision_id] for one in heads))
    followed = {parent for name in common for parent in graph.parents(name)}
    return tuple(sorted((graph.by_id[name] for name in common - followed), key=_by_path))


def _by_path(revision: GraphRevision) -> tuple[str, str]:
    return revision.path, revision.revision_id
