"""Asks."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    if op.get_bind().scalar(sa.text("SELECT count(*) FROM notes")) == 0:
        op.execute("COMMENT ON TABLE notes IS 'empty'")


def downgrade() -> None:
    op.execute("COMMENT ON TABLE notes IS NULL")
