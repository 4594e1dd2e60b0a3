"""A third role; with one of them, the downgrade takes everybody."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute(
        "ALTER TABLE public.users DROP CONSTRAINT ck_role, ADD CONSTRAINT ck_role CHECK (role IN ('a', 'b', 'c'))"
    )


def downgrade() -> None:
    op.execute("DELETE FROM public.users WHERE EXISTS (SELECT FROM public.users WHERE role = 'c')")
    op.execute(
        "ALTER TABLE public.users DROP CONSTRAINT ck_role, ADD CONSTRAINT ck_role CHECK (role IN ('a', 'b'))"
    )
