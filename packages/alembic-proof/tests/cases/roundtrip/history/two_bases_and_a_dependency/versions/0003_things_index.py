"""An index on things, whose downgrade is forgotten."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("CREATE INDEX IF NOT EXISTS ix_things_owner ON public.things (owner)")


def downgrade() -> None:
    pass
