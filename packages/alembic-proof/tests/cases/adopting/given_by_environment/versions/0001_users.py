"""Users, by a revision that imports the project."""

from alembic import op
from shop_settings import URL  # type: ignore[import-not-found]  # the case brings it

revision = "0001"
down_revision = None


def upgrade() -> None:
    assert URL
    op.execute("CREATE TABLE public.users (id integer PRIMARY KEY, name text)")


def downgrade() -> None:
    op.drop_table("users")
