"""A downgrade that refuses as it declares, by an exception of another type."""

from alembic import op

revision = "0004"
down_revision = "0003"

irreversible = "merged before the rule came"


def upgrade() -> None:
    op.execute("ALTER TABLE public.users ADD COLUMN born date")


def downgrade() -> None:
    raise RuntimeError("cannot be undone")
