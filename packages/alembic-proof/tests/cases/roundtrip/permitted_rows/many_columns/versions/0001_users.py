"""Users, with columns that may be empty."""

from alembic import op

revision = "0001"
down_revision = None

COLUMNS = [f"c{number}" for number in range(1, 28)]


def upgrade() -> None:
    columns = ", ".join(f"{name} text" for name in COLUMNS)
    op.execute(f"CREATE TABLE public.users (id integer PRIMARY KEY, {columns})")
    op.execute("CREATE TABLE public.tags (id integer PRIMARY KEY, name text, size integer)")


def downgrade() -> None:
    op.execute("DROP TABLE public.tags, public.users")
