"""Names that the downgrade leaves."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("UPDATE public.users SET name = 'nobody' WHERE name IS NULL")


def downgrade() -> None:
    pass
