"""Which heads of a history nobody meant."""

from __future__ import annotations

import ast

import pytest

from alembic_proof.history.heads import (
    GraphRevision,
    RevisionGraph,
    parse_graph_revision,
    several_heads,
)


def _graph(*lines: str) -> RevisionGraph:
    """A revision for each line `id < parent,parent @label,label in directory`."""
    made = []
    for line in lines:
        rest, _, directory = line.partition(" in ")
        rest, _, labels = rest.partition(" @")
        name, _, parents = rest.partition(" < ")
        made.append(
            GraphRevision(
                revision_id=name,
                path=f"{directory or 'versions'}/{name}.py",
                parents=tuple(filter(None, parents.split(","))),
                labels=tuple(filter(None, labels.split(","))),
            )
        )
    return RevisionGraph.of(made)


@pytest.mark.parametrize(
    "lines",
    [
        (),
        ("a",),
        ("a", "b < a", "c < a", "d < b,c"),
        ("a", "b < a @billing", "c < a"),
        ("a", "b < a @billing", "c < a @search", "d < b", "e < c"),
        ("a @people", "b"),
        ("a @people", "b < people"),
        ("a in one", "b in two"),
        ("a @one", "b < a", "c < b @two", "d < b"),
    ],
)
def test_one_head_and_heads_that_are_meant_are_none_too_many(lines: tuple[str, ...]) -> None:
    """Branch labels tell heads apart, and so do directories of histories of their own."""
    assert several_heads(_graph(*lines)) == ()


@pytest.mark.parametrize(
    ("lines", "heads", "forks"),
    [
        (("a", "b < a", "c < a"), ["b", "c"], ["a"]),
        (("a", "b < a", "c < b", "d < a"), ["c", "d"], ["a"]),
        (("a", "b < a", "c < a", "d < a"), ["b", "c", "d"], ["a"]),
        (("a", "b"), ["a", "b"], []),
        (("a @one", "b < a", "c < a"), ["b", "c"], ["a"]),
        (("a", "b < a in one", "c < a in two"), ["b", "c"], ["a"]),
        (("a", "b < a @billing", "c < b", "d < b", "e < a"), ["c", "d"], ["b"]),
        (("a", "b < a", "c < a", "d < b,c", "e < b,c"), ["d", "e"], ["b", "c"]),
    ],
)
def test_heads_that_nothing_tells_apart_are_found_with_their_fork(
    lines: tuple[str, ...], heads: list[str], forks: list[str]
) -> None:
    """Two people have added a revision after the same one, or a first one each."""
    [found] = several_heads(_graph(*lines))

    assert [one.revision_id for one in found.heads] == heads
    assert [one.revision_id for one in found.forks] == forks


def test_each_branch_with_several_heads_is_one_finding() -> None:
    """The others do not hide it."""
    graph = _graph("a", "b < a @one", "c < b", "d < b", "e < a @two", "f < e", "g < e")

    assert [len(one.heads) for one in several_heads(graph)] == [2, 2]


def test_an_id_that_is_assigned_to_two_names_is_read() -> None:
    """Python allows `revision = version = "a"`, and so does Alembic."""
    tree = ast.parse('revision = version = "b"\ndown_revision: str = "a"\n')

    found = parse_graph_revision(tree, path="b.py")

    assert found == GraphRevision(revision_id="b", path="b.py", parents=("a",))
