"""A primary key."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_primary_key("pk_a", "a", ["code"])


def downgrade() -> None:
    op.drop_constraint("pk_a", "a")
    op.execute("ALTER TABLE public.a ALTER COLUMN code SET NOT NULL")
