"""Takes a column away that is not there, and says nothing."""

from contextlib import suppress

from alembic import op
from sqlalchemy.exc import SQLAlchemyError

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    with suppress(SQLAlchemyError):
        op.execute("ALTER TABLE public.users DROP COLUMN email")


def downgrade() -> None:
    pass
