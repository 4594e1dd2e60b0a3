"""A check that nobody's rows satisfy."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE a ADD CHECK (id > 1000)")


def downgrade() -> None:
    op.execute("ALTER TABLE a DROP CONSTRAINT a_id_check")
