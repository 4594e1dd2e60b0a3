"""A note beside references."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_unique_constraint("uq_h", "h", ["note"])


def downgrade() -> None:
    op.drop_constraint("uq_h", "h")
