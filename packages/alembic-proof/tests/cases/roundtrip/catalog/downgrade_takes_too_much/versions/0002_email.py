"""An address; its downgrade takes the name as well."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE public.users ADD COLUMN email text")


def downgrade() -> None:
    op.execute("ALTER TABLE public.users DROP COLUMN name, DROP COLUMN email")
