"""In a hurry for itself alone; what it sets for the session it sets back."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("SET LOCAL statement_timeout = '10min'")
    op.execute("SET check_function_bodies = off")
    op.execute("ALTER TABLE public.users ADD COLUMN email text")
    op.execute("RESET check_function_bodies")


def downgrade() -> None:
    op.execute("SET LOCAL search_path = pg_catalog, public")
    op.execute("ALTER TABLE public.users DROP COLUMN email")
