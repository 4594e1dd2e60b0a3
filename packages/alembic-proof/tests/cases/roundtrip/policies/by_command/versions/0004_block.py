"""A block of PL/pgSQL, whose rows no driver counts, behind another statement on the table."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("ALTER TABLE users ADD COLUMN label text")
    op.execute("DO $$BEGIN UPDATE users SET label = concat(name, '?'); END$$")


def downgrade() -> None:
    op.execute("ALTER TABLE users DROP COLUMN label")
