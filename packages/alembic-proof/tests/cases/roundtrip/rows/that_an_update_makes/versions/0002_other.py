"""Other words for them, and one is forgotten."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE jobs DROP CONSTRAINT jobs_state_check")
    op.execute("UPDATE jobs SET state = CASE state WHEN 'new' THEN 'n' WHEN 'old' THEN 'o' END")


def downgrade() -> None:
    op.execute("UPDATE jobs SET state = CASE state WHEN 'n' THEN 'new' WHEN 'o' THEN 'old' END")
    op.execute("ALTER TABLE jobs ADD CHECK (state IN ('new', 'old', 'odd'))")
