"""Each post has a title and a body; those that went with their users had none."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("ALTER TABLE posts ALTER title SET NOT NULL, ALTER body SET NOT NULL")


def downgrade() -> None:
    op.execute("ALTER TABLE posts ALTER title DROP NOT NULL, ALTER body DROP NOT NULL")
