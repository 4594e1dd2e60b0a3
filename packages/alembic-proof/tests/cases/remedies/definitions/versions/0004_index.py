"""An index that the downgrade calls otherwise."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("CREATE INDEX ON notes (user_id)")


def downgrade() -> None:
    op.drop_index("ix_notes_user_id")
