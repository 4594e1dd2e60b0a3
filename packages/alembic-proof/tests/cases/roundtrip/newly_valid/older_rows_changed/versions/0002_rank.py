"""Where a rank was given, the way back takes the names of all users."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE public.notes ADD COLUMN rank integer")


def downgrade() -> None:
    op.execute(
        "UPDATE public.users SET name = 'gone'"
        " WHERE EXISTS (SELECT FROM public.notes WHERE rank IS NOT NULL)"
    )
    op.drop_column("notes", "rank")
