"""Notes with a state."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE TYPE state AS ENUM ('open', 'done')")
    op.execute("CREATE TABLE notes (id serial PRIMARY KEY, state state)")


def downgrade() -> None:
    op.execute("DROP TABLE notes")
    op.execute("DROP TYPE state")
