"""Both and what they share."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE TYPE mood AS ENUM ('calm', 'wild')")
    for name in ("users", "pets"):
        op.execute(f"CREATE TABLE {name} (id serial PRIMARY KEY, mood mood)")


def downgrade() -> None:
    op.execute("DROP TABLE users, pets")
    op.execute("DROP TYPE mood")
