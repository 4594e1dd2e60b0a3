"""Name."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE tags ADD COLUMN name text")
    op.execute("DO $$ BEGIN IF NOT EXISTS (SELECT FROM tags) THEN RAISE 'no tags'; END IF; END $$")


def downgrade() -> None:
    op.execute("ALTER TABLE tags DROP COLUMN name")
