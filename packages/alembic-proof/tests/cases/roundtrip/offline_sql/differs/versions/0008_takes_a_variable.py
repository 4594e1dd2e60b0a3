"""Takes a variable of psql."""

from alembic import context, op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    if context.is_offline_mode():
        op.execute("COMMENT ON TABLE notes IS :'comment'")


def downgrade() -> None:
    pass
