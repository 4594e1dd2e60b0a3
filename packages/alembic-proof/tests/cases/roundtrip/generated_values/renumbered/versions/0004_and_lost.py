"""Another id and another name: the row cannot be recognised."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("ALTER TABLE tags ADD COLUMN born date")


def downgrade() -> None:
    op.execute("ALTER TABLE tags DROP COLUMN born")
    op.execute("UPDATE tags SET id = id + 1000, name = 'x' || id WHERE id = 1")
