"""Only the first time it lets the numbers begin behind the rows that are there."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("CREATE SEQUENCE public.tags_id_seq OWNED BY public.tags.id")
    op.execute("ALTER TABLE public.tags ALTER COLUMN id SET DEFAULT nextval('tags_id_seq')")
    op.execute(
        "SELECT setval('public.tags_id_seq', (SELECT max(id) FROM public.tags))"
        " WHERE nextval('public.tickets') = 1"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE public.tags ALTER COLUMN id DROP DEFAULT")
    op.execute("DROP SEQUENCE public.tags_id_seq")
