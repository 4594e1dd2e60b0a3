"""A permission with its next number."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute(
        "INSERT INTO public.permissions VALUES (nextval('public.permissions_id_seq'), 'read')"
    )


def downgrade() -> None:
    op.execute("DELETE FROM public.permissions WHERE name = 'read'")
