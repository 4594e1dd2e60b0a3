"""Each user has a role."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("ALTER TABLE public.users ALTER role SET NOT NULL")


def downgrade() -> None:
    op.execute("ALTER TABLE public.users ALTER role DROP NOT NULL")
