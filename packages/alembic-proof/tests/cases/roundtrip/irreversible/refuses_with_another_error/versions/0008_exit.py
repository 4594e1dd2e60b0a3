"""A downgrade that refuses by an exit."""

import sys

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.execute("ALTER TABLE public.users ADD COLUMN depth integer")


def downgrade() -> None:
    sys.exit("the depths are gone")
