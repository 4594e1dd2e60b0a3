"""Things: a tree of their own, that speaks of users."""

from alembic import op

revision = "0002"
down_revision = None
depends_on = "people"


def upgrade() -> None:
    op.execute("CREATE TABLE public.things (owner integer REFERENCES public.users)")


def downgrade() -> None:
    op.execute("DROP TABLE public.things")
