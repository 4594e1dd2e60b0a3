"""Each user gets a token by chance, and a time."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE public.users ADD COLUMN token uuid NOT NULL DEFAULT gen_random_uuid()")
    op.execute("ALTER TABLE public.users ADD COLUMN seen timestamptz")
    op.execute("UPDATE public.users SET seen = clock_timestamp()")
    op.execute(
        "CREATE TABLE public.settings (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), key text)"
    )
    op.execute("INSERT INTO public.settings (key) VALUES ('theme')")


def downgrade() -> None:
    op.drop_table("settings")
    op.execute("ALTER TABLE public.users DROP COLUMN seen, DROP COLUMN token")
