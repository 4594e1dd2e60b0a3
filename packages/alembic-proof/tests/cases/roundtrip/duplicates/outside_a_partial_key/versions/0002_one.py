"""One taken seat of each place."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("CREATE UNIQUE INDEX taken ON seats (place) WHERE is_taken")


def downgrade() -> None:
    op.execute("DROP INDEX taken")
