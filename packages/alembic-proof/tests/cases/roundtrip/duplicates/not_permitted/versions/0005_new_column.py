"""A column that is new, and differs."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute(
        "ALTER TABLE public.members ADD COLUMN number integer GENERATED ALWAYS AS IDENTITY UNIQUE"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE public.members DROP COLUMN number")
