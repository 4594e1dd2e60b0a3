"""Several heads of a history: which ones nobody meant, and where they part.

Source: https://alembic.sqlalchemy.org/en/latest/branches.html
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path, PurePath

from alembic.script import ScriptDirectory

from alembic_proof.errors import HistoryError
from alembic_proof.finding import Finding, Location, shown_path
from alembic_proof.history.alembic_error import join_heads

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


def several_heads(revisions: Iterable[GraphRevision]) -> tuple[SeveralHeads, ...]:
    """Return the heads of each branch that has more than one; empty for a sound history.

    Heads are meant where their branch labels differ, and where they have no revision in common and
    lie in directories of their own (`version_locations`).
    """
    by_id = {one.revision_id: one for one in revisions}
    labelled = {label: one.revision_id for one in by_id.values() for label in one.labels}
    parents = {
        one.revision_id: tuple(
            found for name in one.parents if (found := labelled.get(name, name)) in by_id
        )
        for one in by_id.values()
    }
    followed = {parent for names in parents.values() for parent in names}
    heads = [one for one in by_id.values() if one.revision_id not in followed]
    below = {one.revision_id: _ancestors(one.revision_id, parents) for one in heads}
    return tuple(
        SeveralHeads(heads=group, forks=_forks(group, below, parents, by_id))
        for group in _alike(heads, below, by_id)
        if len(group) > 1
    )


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
