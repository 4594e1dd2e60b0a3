"""Members, with keys."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE public.members (id integer NOT NULL, email text NOT NULL, name text NOT NULL, age integer NOT NULL)"
    )
    op.execute("CREATE UNIQUE INDEX uq_members_email ON public.members (email)")
    op.execute("CREATE UNIQUE INDEX uq_members_id ON public.members (id)")


def downgrade() -> None:
    op.drop_table("members")
