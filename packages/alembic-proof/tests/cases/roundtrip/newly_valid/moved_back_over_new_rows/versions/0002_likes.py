"""What users like gets a table of its own; on the way back it is theirs again."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute(
        "CREATE TABLE public.likes (user_id integer PRIMARY KEY REFERENCES public.users, what text)"
    )
    op.execute("INSERT INTO public.likes SELECT id, likes FROM public.users")
    op.drop_column("users", "likes")


def downgrade() -> None:
    op.execute("ALTER TABLE public.users ADD COLUMN likes text")
    op.execute("UPDATE public.users AS u SET likes = what FROM public.likes WHERE user_id = u.id")
    op.drop_table("likes")
