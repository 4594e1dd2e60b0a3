"""A slug for each user, made from a name that the downgrade loses, and a token by chance."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("CREATE TABLE public.slugs (slug text PRIMARY KEY, token uuid NOT NULL)")
    op.execute(
        "INSERT INTO public.slugs SELECT md5(name || id), gen_random_uuid() FROM public.users"
    )
    op.execute("ALTER TABLE public.users ADD COLUMN slug text")
    op.execute("UPDATE public.users SET slug = md5(name || id)")


def downgrade() -> None:
    op.execute("ALTER TABLE public.users DROP COLUMN slug")
    op.execute("DROP TABLE public.slugs")
    op.execute("UPDATE public.users SET name = 'somebody' WHERE id = 1")
