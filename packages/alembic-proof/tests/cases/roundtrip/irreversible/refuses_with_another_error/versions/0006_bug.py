"""A downgrade with a bug, in a line that raises something else."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute("ALTER TABLE public.users ADD COLUMN height integer")


def downgrade() -> None:
    raise RuntimeError("gone: " + None)  # type: ignore[operator]
