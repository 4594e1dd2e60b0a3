"""A revision in the graph, as its file says."""

from __future__ import annotations

import ast

from alembic_deploy.revisions import GraphRevision
from alembic_proof.history.revision_graph import parse_graph_revision


def test_an_id_that_is_assigned_to_two_names_is_read() -> None:
    """Python allows `revision = version = "a"`, and so does Alembic."""
    tree = ast.parse('revision = version = "b"\ndown_revision: str = "a"\n')

    found = parse_graph_revision(tree, path="b.py")

    assert found == GraphRevision(revision_id="b", path="b.py", parents=("a",))
