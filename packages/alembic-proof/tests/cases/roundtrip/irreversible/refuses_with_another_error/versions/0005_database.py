"""A downgrade that fails in the database and says so in its own words."""

from alembic import op
from sqlalchemy.exc import DBAPIError

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute("ALTER TABLE public.users ADD COLUMN size integer")


def downgrade() -> None:
    try:
        op.execute("ALTER TABLE public.users DROP COLUMN siez")
    except DBAPIError as error:
        raise RuntimeError("the column is not there") from error
