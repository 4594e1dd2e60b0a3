"""The downgrade restarts the sequence, as declared."""

from alembic import op

revision = "0002"
down_revision = "0001"
lossy = "where the numbers stood"


def upgrade() -> None:
    op.execute("ALTER TABLE public.users ALTER COLUMN id DROP DEFAULT")
    op.execute("DROP SEQUENCE public.users_id_seq")


def downgrade() -> None:
    op.execute("CREATE SEQUENCE public.users_id_seq AS integer OWNED BY public.users.id")
    op.execute("ALTER TABLE public.users ALTER COLUMN id SET DEFAULT nextval('users_id_seq')")
