"""Asks."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    with op.get_bind().begin_nested():
        op.execute("COMMENT ON TABLE notes IS 'empty'")


def downgrade() -> None:
    op.execute("COMMENT ON TABLE notes IS NULL")
