"""Users, whose name was added later than the models show."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("email", sa.Text),
    )
    op.add_column("users", sa.Column("name", sa.Text))
    op.execute("CREATE TYPE public.pair AS (b text, a text)")


def downgrade() -> None:
    op.execute("DROP TYPE public.pair")
    op.drop_table("users")
