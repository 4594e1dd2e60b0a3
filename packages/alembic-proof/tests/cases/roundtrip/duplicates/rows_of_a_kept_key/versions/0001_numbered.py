"""Numbered events and notes."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE TABLE events (id bigint PRIMARY KEY, at date NOT NULL)")
    op.execute("CREATE TABLE notes (id serial PRIMARY KEY, code text NOT NULL)")


def downgrade() -> None:
    op.execute("DROP TABLE notes")
    op.execute("DROP TABLE events")
