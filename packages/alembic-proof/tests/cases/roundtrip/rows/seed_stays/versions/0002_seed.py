"""A role that the downgrade leaves."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("INSERT INTO public.roles VALUES ('admin') ON CONFLICT DO NOTHING")


def downgrade() -> None:
    pass
