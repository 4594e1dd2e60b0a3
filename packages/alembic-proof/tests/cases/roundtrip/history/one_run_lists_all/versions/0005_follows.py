"""One that cannot be reached."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute("CREATE TABLE public.a (id integer)")


def downgrade() -> None:
    op.execute("DROP TABLE public.a")
