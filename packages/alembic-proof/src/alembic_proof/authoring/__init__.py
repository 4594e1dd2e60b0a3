"""Writing a revision from what the models have and the history has not."""

from alembic_proof.authoring.amend import find_amendable
from alembic_proof.authoring.author import (
    Authored,
    amend_revision,
    author_revision,
    write_blank_revision,
)

__all__ = [
    "Authored",
    "amend_revision",
    "author_revision",
    "find_amendable",
    "write_blank_revision",
]
