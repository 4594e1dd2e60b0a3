"""Each user gets JSON with a time in it, and the names are cut."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute(
        "ALTER TABLE public.users ADD COLUMN seen json"
        " DEFAULT json_build_object('at', clock_timestamp())"
    )
    op.execute("UPDATE public.users SET name = left(name, 3)")


def downgrade() -> None:
    op.execute("ALTER TABLE public.users DROP COLUMN seen")
