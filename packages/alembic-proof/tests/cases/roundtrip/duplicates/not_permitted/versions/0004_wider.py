"""More columns than those that differ."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_unique_constraint("uq_members_name", "members", ["name", "email"])


def downgrade() -> None:
    op.drop_constraint("uq_members_name", "members")
