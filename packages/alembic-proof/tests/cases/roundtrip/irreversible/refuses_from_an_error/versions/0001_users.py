"""Users, and a way back that needs what is not there."""

from alembic import op

revision = "0001"
down_revision = None
irreversible = "their backup is gone"


def upgrade() -> None:
    op.execute("CREATE TABLE public.users (id integer PRIMARY KEY, name text)")


def downgrade() -> None:
    backups: dict[str, str] = {}
    try:
        op.execute(backups["users"])
    except KeyError as error:
        raise NotImplementedError("no backup") from error
