"""A column that comes back at the end."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute(
        "ALTER TABLE public.users DROP COLUMN id, ADD COLUMN id integer GENERATED ALWAYS AS IDENTITY"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE public.users DROP COLUMN id, ADD COLUMN id integer PRIMARY KEY")
