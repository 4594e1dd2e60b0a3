"""Users and teams."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE TYPE public.state AS ENUM ('open', 'done')")
    op.create_table("teams", sa.Column("id", sa.Integer, primary_key=True))
    op.create_table(
        "users",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("nick", sa.Text),
        sa.Column("age", sa.Integer),
    )


def downgrade() -> None:
    op.drop_table("users")
    op.drop_table("teams")
    op.execute("DROP TYPE public.state")
