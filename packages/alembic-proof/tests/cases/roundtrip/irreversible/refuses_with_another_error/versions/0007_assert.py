"""A downgrade that refuses by an assertion."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute("ALTER TABLE public.users ADD COLUMN width integer")


def downgrade() -> None:
    assert False, "the widths are gone"  # noqa: B011, PT015
