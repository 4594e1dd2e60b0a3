"""The application numbers the rows from now on; going back, the numbering goes on."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE public.users ALTER COLUMN id DROP DEFAULT")
    op.execute("DROP SEQUENCE public.users_id_seq")
    op.execute("ALTER TABLE public.notes ALTER COLUMN id DROP IDENTITY")
    op.execute("ALTER TABLE public.tags ALTER COLUMN id DROP DEFAULT")
    op.execute("DROP SEQUENCE public.numbers")


def downgrade() -> None:
    op.execute("CREATE SEQUENCE public.numbers START WITH 10")
    op.execute("ALTER TABLE public.tags ALTER COLUMN id SET DEFAULT nextval('public.numbers')")
    op.execute(
        "ALTER TABLE public.notes ALTER COLUMN id"
        " ADD GENERATED ALWAYS AS IDENTITY (INCREMENT BY -1)"
    )
    op.execute("CREATE SEQUENCE public.users_id_seq AS integer OWNED BY public.users.id")
    op.execute("ALTER TABLE public.users ALTER COLUMN id SET DEFAULT nextval('users_id_seq')")
    op.execute("SELECT setval('public.numbers', (SELECT max(id) FROM public.tags))")
    op.execute(
        "SELECT setval('public.users_id_seq', (SELECT max(id) FROM public.users) + 1, false)"
    )
    op.execute(
        "SELECT setval(pg_get_serial_sequence('public.notes', 'id'), min(id)) FROM public.notes"
    )
