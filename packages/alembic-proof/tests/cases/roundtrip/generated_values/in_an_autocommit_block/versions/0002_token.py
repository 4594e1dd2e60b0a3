"""A token by chance, the size of what is cut, and an index made outside of a transaction."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE public.users ADD COLUMN token uuid NOT NULL DEFAULT gen_random_uuid()")
    op.execute("ALTER TABLE public.users ADD COLUMN size integer")
    op.execute("UPDATE public.users SET size = length(name), name = left(name, 3)")
    with op.get_context().autocommit_block():
        op.execute("CREATE INDEX CONCURRENTLY users_token ON public.users (token)")


def downgrade() -> None:
    op.execute("ALTER TABLE public.users DROP COLUMN token, DROP COLUMN size")
