"""A downgrade that refuses, by an exception of its own."""

from alembic import op

revision = "0002"
down_revision = "0001"


class NoWayBackError(Exception):
    """Cannot be undone."""


def upgrade() -> None:
    op.execute("ALTER TABLE public.users ADD COLUMN age integer")


def downgrade() -> None:
    _refuse()


def _refuse() -> None:
    raise NoWayBackError(
        "the ages are gone, and nobody else has them: restore them from a backup of the day before"
    )
