"""Writing a revision from what the models have and the history has not."""

from alembic_proof.authoring.author import Authored, author_revision, write_blank_revision

__all__ = ["Authored", "author_revision", "write_blank_revision"]
