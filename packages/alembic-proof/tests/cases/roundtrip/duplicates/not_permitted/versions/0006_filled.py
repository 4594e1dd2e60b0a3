"""Age and number together: no two have one number."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_unique_constraint("uq_members_age", "members", ["age", "number"])


def downgrade() -> None:
    op.drop_constraint("uq_members_age", "members")
