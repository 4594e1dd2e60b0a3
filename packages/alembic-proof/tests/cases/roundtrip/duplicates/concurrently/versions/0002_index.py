"""An index that stays behind where it fails."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.create_index(
            "uq_members_email", "members", ["email"], unique=True, postgresql_concurrently=True
        )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index("uq_members_email", "members", postgresql_concurrently=True)
