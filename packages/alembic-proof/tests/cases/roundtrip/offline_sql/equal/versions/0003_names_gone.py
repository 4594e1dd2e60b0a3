"""Names gone."""

from alembic import op

revision = "0003"
down_revision = "0002"
irreversible = "the names are gone"


def upgrade() -> None:
    op.drop_column("notes", "name")


def downgrade() -> None:
    raise NotImplementedError(irreversible)
