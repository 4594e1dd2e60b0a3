"""What a revision is called in a node id."""

from __future__ import annotations

import re

from alembic_proof.history.chain import ChainRevision
from alembic_proof.history.revision_message import slug_of

# Ids and file names may hold anything; a node id is cut at `::` and `[`.
_UNFIT = re.compile(r"[^\w.+-]+")


def node_name(revision: ChainRevision) -> str:
    """The file's name where it begins with the revision's id, else the id and what it does."""
    stem = revision.path.stem
    if stem.startswith(revision.revision_id):
        return _fit(stem)
    return f"{_fit(revision.revision_id)}_{slug_of(revision.title)}"


def _fit(name: str) -> str:
    return _UNFIT.sub("_", name)
