"""A value more."""

from alembic import op

revision = "0002"
down_revision = "0001"
lossy = "jobs that were late are open again"


def upgrade() -> None:
    op.execute("ALTER TYPE state ADD VALUE 'late'")


def downgrade() -> None:
    op.execute("ALTER TYPE state RENAME TO state_old")
    op.execute("CREATE TYPE state AS ENUM ('open', 'done')")
    op.execute(
        "ALTER TABLE jobs ALTER state TYPE state USING (CASE WHEN state::text = 'late' "
        "THEN 'open' ELSE state::text END)::state"
    )
    op.execute("DROP TYPE state_old")
