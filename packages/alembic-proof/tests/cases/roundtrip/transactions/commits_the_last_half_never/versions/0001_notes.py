"""Nobody commits what is behind its own commit: the version table is empty afterwards."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE TABLE notes (id integer PRIMARY KEY)")
    op.get_bind().commit()
    op.execute("CREATE TABLE more_notes (id integer PRIMARY KEY)")


def downgrade() -> None:
    op.execute("DROP TABLE more_notes, notes")
