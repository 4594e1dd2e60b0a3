"""A sequence that no default names, as some frameworks make it."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE TABLE public.permissions (id integer PRIMARY KEY, name text)")
    op.execute("CREATE SEQUENCE public.permissions_id_seq")


def downgrade() -> None:
    op.execute("DROP TABLE public.permissions")
    op.execute("DROP SEQUENCE public.permissions_id_seq")
