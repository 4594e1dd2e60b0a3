"""Names once, also without a group above."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE groups DROP CONSTRAINT uq_groups")
    op.execute(
        "ALTER TABLE groups ADD CONSTRAINT uq_groups UNIQUE NULLS NOT DISTINCT (above, name)"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE groups DROP CONSTRAINT uq_groups")
    op.execute("ALTER TABLE groups ADD CONSTRAINT uq_groups UNIQUE (above, name)")
