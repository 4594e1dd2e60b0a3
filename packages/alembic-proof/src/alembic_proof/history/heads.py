"""Several heads of a history: which ones nobody meant, and where they part.

Source: https://alembic.sqlalchemy.org/en/latest/branches.html
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path, PurePath

from alembic.script import ScriptDirectory

from alembic_proof.errors import HistoryError
from alembic_proof.finding import Finding, Location, shown_path
from alembic_proof.history.alembic_error import join_heads
from alembic_proof.history.load import refuse_unreadable, version_directories

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


def graph_of(script: ScriptDirectory) -> tuple[GraphRevision, ...]:
    """Return the revisions of a history that is loaded."""
    return tuple(
        GraphRevision(
            revision_id=one.revision,
            path=shown_path(Path(one.path)),
            parents=tuple(one._versioned_down_revisions),
            labels=tuple(one._orig_branch_labels),
        )
        for one in script.walk_revisions()
    )


def read_graph(script: ScriptDirectory) -> tuple[GraphRevision, ...]:
    """Return the revisions as their files say, in the order of the files; nothing is run.

    Raises:
        HistoryError: a file that cannot be parsed, an id that two files have.
    """
    pattern = "**/*.py" if script.recursive_version_locations else "*.py"
    places = version_directories(script)
    refuse_unreadable(places)
    found: dict[str, GraphRevision] = {}
    for path in sorted(path for place in places for path in place.glob(pattern)):
        if path.name.startswith((".", "__init__")):
            continue
        try:
            tree = ast.parse(path.read_bytes())
        except SyntaxError as error:
            what = f"a revision cannot be read: SyntaxError: {error.msg}"
            raise HistoryError(
                what, where=f"{path}:{error.lineno}", todo="correct the file"
            ) from error
        one = parse_graph_revision(tree, path=shown_path(path))
        if one is None:
            continue
        _refuse_computed_parent(tree, path=one.path)
        if found.setdefault(one.revision_id, one) != one:
            raise HistoryError(
                f"two files have the revision id {one.revision_id}",
                where=f"{found[one.revision_id].path} and {one.path}",
                todo="give one of them another id, and its children that down_revision",
            )
    return tuple(found.values())


def _refuse_computed_parent(tree: ast.Module, *, path: str) -> None:
    value = assigned_value(tree, "down_revision")
    try:
        _ = ast.literal_eval(value) if value is not None else None
    except ValueError as error:
        raise HistoryError(
            "down_revision is no plain string at the top of the module, so it cannot be read",
            where=f"{path}:{value.lineno if value is not None else 0}",
            todo="write it as a string",
        ) from error


def parse_graph_revision(tree: ast.Module, *, path: str) -> GraphRevision | None:
    """Return what the file of a revision says of its place; None where it is no revision."""
    ids = _strings(assigned_value(tree, "revision"))
    if len(ids) != 1:
        return None
    return GraphRevision(
        revision_id=ids[0],
        path=path,
        parents=_strings(assigned_value(tree, "down_revision")),
        labels=_strings(assigned_value(tree, "branch_labels")),
    )


def assigned_value(tree: ast.Module, name: str) -> ast.expr | None:
    """Return the expression last assigned to a name at the top of the module."""
    for node in reversed(tree.body):
        match node:
            case ast.Assign(targets=[ast.Name(id=found)], value=value) if found == name:
                return value
            case ast.AnnAssign(target=ast.Name(id=found), value=value) if found == name:
                return value
    return None


def _strings(value: ast.expr | None) -> tuple[str, ...]:
    nodes = ast.walk(value) if value is not None else ()
    return tuple(
        node.value
        for node in nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def several_heads(revisions: Iterable[GraphRevision]) -> tuple[SeveralHeads, ...]:
    """Return the heads of each branch that has more than one; empty for a sound history.

    Heads are meant where their branch labels differ, and where they have no revision in common and
    lie in directories of their own (`version_locations`).
    """
    by_id = {one.revision_id: one for one in revisions}
    parents = _parents(by_id)
    heads = [by_id[name] for name in _heads(parents)]
    below = {one.revision_id: _ancestors(one.revision_id, parents) for one in heads}
    return tuple(
        SeveralHeads(heads=group, forks=_forks(group, below, parents, by_id))
        for group in _alike(heads, below, by_id)
        if len(group) > 1
    )


def heads_of_graph(revisions: Iterable[GraphRevision]) -> list[str]:
    """Return the revisions that no other one follows, sorted."""
    return sorted(_heads(_parents({one.revision_id: one for one in revisions})))


def _parents(by_id: dict[str, GraphRevision]) -> dict[str, tuple[str, ...]]:
    """Return the parents' ids of each revision, as far as there are files of them."""
    labelled = {label: one.revision_id for one in by_id.values() for label in one.labels}
    return {
        one.revision_id: tuple(
            found for name in one.parents if (found := labelled.get(name, name)) in by_id
        )
        for one in by_id.values()
    }


def _heads(parents: dict[str, tuple[str, ...]]) -> list[str]:
    followed = {parent for names in parents.values() for parent in names}
    return [name for name in parents if name not in followed]


def _alike(
    heads: list[GraphRevision],
    below: dict[str, frozenset[str]],
    by_id: dict[str, GraphRevision],
) -> list[tuple[GraphRevision, ...]]:
    """Group the heads that nothing tells apart, in the order of their files."""
    group_of = {one.revision_id: {one.revision_id} for one in heads}
    for one, other in combinations(heads, 2):
        if _is_meant(one, other, below, by_id):
            continue
        joined = group_of[one.revision_id] | group_of[other.revision_id]
        group_of |= dict.fromkeys(joined, joined)
    groups = {frozenset(group) for group in group_of.values()}
    in_order = (sorted((by_id[name] for name in group), key=_by_path) for group in groups)
    return sorted(map(tuple, in_order), key=lambda group: _by_path(group[0]))


def _is_meant(
    one: GraphRevision,
    other: GraphRevision,
    below: dict[str, frozenset[str]],
    by_id: dict[str, GraphRevision],
) -> bool:
    ours, others = below[one.revision_id], below[other.revision_id]
    if _labels(ours, by_id) != _labels(others, by_id):
        return True
    return not ours & others and PurePath(one.path).parent != PurePath(other.path).parent


def _labels(names: frozenset[str], by_id: dict[str, GraphRevision]) -> frozenset[str]:
    """Return the labels of a head: those of all revisions that it follows, and its own."""
    return frozenset(label for name in names for label in by_id[name].labels)


def _ancestors(name: str, parents: dict[str, tuple[str, ...]]) -> frozenset[str]:
    """Return the revision and all that it follows."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += parents[one]
    return frozenset(found)


def _forks(
    heads: tuple[GraphRevision, ...],
    below: dict[str, frozenset[str]],
    parents: dict[str, tuple[str, ...]],
    by_id: dict[str, GraphRevision],
) -> tuple[GraphRevision, ...]:
    """Return the common ancestors that no other common ancestor follows."""
    common = frozenset.intersection(*(below[one.revision_id] for one in heads))
    followed = {parent for name in common for parent in parents[name]}
    return tuple(sorted((by_id[name] for name in common - followed), key=_by_path))


def _by_path(revision: GraphRevision) -> tuple[str, str]:
    return revision.path, revision.revision_id
