"""Each user gets a key by chance, and the names are cut."""

from alembic import op

revision = "0002"
down_revision = "0001"

lossy = "upgrade: names are cut"


def upgrade() -> None:
    op.execute(
        "ALTER TABLE public.users DROP CONSTRAINT users_pkey, ADD COLUMN token uuid PRIMARY KEY DEFAULT gen_random_uuid()"
    )
    op.execute("UPDATE public.users SET name = left(name, 3)")


def downgrade() -> None:
    op.execute("ALTER TABLE public.users DROP COLUMN token, ADD PRIMARY KEY (id)")
