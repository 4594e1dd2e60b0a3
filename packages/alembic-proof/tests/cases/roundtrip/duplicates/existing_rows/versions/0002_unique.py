"""One member for each role."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_unique_constraint("uq_members_role", "members", ["role"])


def downgrade() -> None:
    op.drop_constraint("uq_members_role", "members")
