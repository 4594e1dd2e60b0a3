"""Names that the backfill gives to nobody."""

from alembic import op

revision = "0002"
down_revision = "0001"

lossy = "downgrade: names that came from the e-mail address stay"


def upgrade() -> None:
    op.execute("UPDATE users SET name = email WHERE name IS NULL")


def downgrade() -> None:
    pass
