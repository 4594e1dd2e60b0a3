"""Users, with output of the revision."""

import logging
import sys

from alembic import op

revision = "0001"
down_revision = None

print("reading users")
_LOG = logging.getLogger("prints")
_LOG.handlers = [logging.StreamHandler(sys.stdout)]


def upgrade() -> None:
    print("making users")
    _LOG.warning("log of users")
    op.execute("CREATE TABLE public.users (id integer PRIMARY KEY, name text)")


def downgrade() -> None:
    print("dropping users")
    op.drop_table("users")
