"""An index that the downgrade forgets."""

from alembic import op

revision = "0004"
down_revision = "0002"


def upgrade() -> None:
    op.create_index("ix_bills_user_id", "bills", ["user_id"], if_not_exists=True)


def downgrade() -> None:
    pass
