"""Copies."""

from alembic import context, op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    if context.is_offline_mode():
        op.execute("COPY notes FROM stdin;\n\\.\n")


def downgrade() -> None:
    pass
