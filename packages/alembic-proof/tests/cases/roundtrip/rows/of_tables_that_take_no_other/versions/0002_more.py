"""More of each."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE managers ADD note text")
    op.execute("ALTER TABLE profiles ADD note text")
    op.execute("ALTER TABLE settings ADD note text")
    op.execute("ALTER TABLE managers ADD code integer UNIQUE, ADD boss integer REFERENCES people")
    op.execute("ALTER TABLE levels ADD next integer REFERENCES levels")


def downgrade() -> None:
    op.execute("ALTER TABLE managers DROP note")
    op.execute("ALTER TABLE profiles DROP note")
    op.execute("ALTER TABLE settings DROP note")
    op.execute("ALTER TABLE managers DROP code, DROP boss")
    op.execute("ALTER TABLE levels DROP next")
