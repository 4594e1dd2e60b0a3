"""A slug for each tenant."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_unique_constraint("uq_d", "d", ["tenant_id", "slug"])


def downgrade() -> None:
    op.drop_constraint("uq_d", "d")
