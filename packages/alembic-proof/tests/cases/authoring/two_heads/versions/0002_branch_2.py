"""A branch."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("COMMENT ON TABLE public.users IS '2'")


def downgrade() -> None:
    op.execute("COMMENT ON TABLE public.users IS NULL")
