"""One that goes and comes."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("INSERT INTO public.roles VALUES ('guest')")


def downgrade() -> None:
    op.execute("DELETE FROM public.roles WHERE name = 'guest'")
