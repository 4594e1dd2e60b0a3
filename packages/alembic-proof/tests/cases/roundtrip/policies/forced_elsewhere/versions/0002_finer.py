"""Finer ranks."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE issues DROP CONSTRAINT issues_rank_check")
    op.execute("UPDATE issues SET rank = rank * 10")
    op.execute("ALTER TABLE issues ADD CHECK (rank BETWEEN 10 AND 50)")


def downgrade() -> None:
    op.execute("ALTER TABLE issues DROP CONSTRAINT issues_rank_check")
    op.execute("UPDATE issues SET rank = rank / 10")
    op.execute("ALTER TABLE issues ADD CHECK (rank BETWEEN 1 AND 5)")
