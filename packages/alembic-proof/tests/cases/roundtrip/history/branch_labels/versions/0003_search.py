"""One of another branch, which needs that one by its name."""

from alembic import op

revision = "0003"
down_revision = "0001"

branch_labels = ("search",)
depends_on = "billing"


def upgrade() -> None:
    op.execute("ALTER TABLE public.bills ADD COLUMN text text")


def downgrade() -> None:
    op.execute("ALTER TABLE public.bills DROP COLUMN text")
