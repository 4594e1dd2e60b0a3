"""Slugs, made of titles and taken for unique."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE articles ADD slug text")
    op.execute("UPDATE articles SET slug = lower(title)")
    op.execute("ALTER TABLE articles ADD UNIQUE (slug)")


def downgrade() -> None:
    op.execute("ALTER TABLE articles DROP slug")
