"""A table that no row of ours fits into."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute("CREATE TABLE public.secrets (code text CHECK (public.is_secret(code)))")


def downgrade() -> None:
    op.drop_table("secrets")
