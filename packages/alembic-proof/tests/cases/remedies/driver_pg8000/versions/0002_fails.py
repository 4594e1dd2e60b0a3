"""A name that must be there, and a downgrade that meets what is there."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE notes ALTER name SET NOT NULL")


def downgrade() -> None:
    op.execute("CREATE TABLE notes (id int)")
