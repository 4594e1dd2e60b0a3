"""Codes for keys."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("ALTER TABLE notes DROP CONSTRAINT notes_pkey")
    op.execute("ALTER TABLE notes ADD PRIMARY KEY (id, code)")


def downgrade() -> None:
    op.execute("ALTER TABLE notes DROP CONSTRAINT notes_pkey")
    op.execute("ALTER TABLE notes ADD PRIMARY KEY (id)")
