"""A downgrade that refuses where rows are there, and else goes down."""

from alembic import op
from sqlalchemy import text

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("ALTER TABLE public.users ADD COLUMN email text")


def downgrade() -> None:
    if op.get_bind().scalar(text("SELECT count(*) FROM public.users")):
        raise RuntimeError("users are there")
    op.execute("ALTER TABLE public.users DROP COLUMN email")
