"""Each code has to be known."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("INSERT INTO codes SELECT code FROM parts WHERE code <> '' ON CONFLICT DO NOTHING")
    op.execute("ALTER TABLE parts ADD FOREIGN KEY (code) REFERENCES codes")


def downgrade() -> None:
    op.execute("ALTER TABLE parts DROP CONSTRAINT parts_code_fkey")
