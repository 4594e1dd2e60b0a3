"""Not for long, and read-only afterwards; going down it looks elsewhere."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("SET statement_timeout = '90s'")
    op.execute("SET default_transaction_read_only = on")
    op.execute("ALTER TABLE public.users ADD COLUMN email text")


def downgrade() -> None:
    op.execute("SET search_path = pg_catalog, public")
    op.execute("SET TimeZone = 'Asia/Tokyo'")
    op.execute("ALTER TABLE public.users DROP COLUMN email")
