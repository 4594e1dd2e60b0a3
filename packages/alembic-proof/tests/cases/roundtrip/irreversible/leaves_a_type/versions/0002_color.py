"""A type that its downgrade leaves, as it declares: the second upgrade finds it there."""

from alembic import op

revision = "0002"
down_revision = "0001"
irreversible = "colors are forever"


def upgrade() -> None:
    op.execute("CREATE TYPE public.color AS ENUM ('red')")


def downgrade() -> None:
    pass
