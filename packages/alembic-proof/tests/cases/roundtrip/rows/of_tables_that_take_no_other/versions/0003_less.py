"""Less of each, for good."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("ALTER TABLE managers DROP note")
    op.execute("ALTER TABLE profiles DROP note")
    op.execute("ALTER TABLE settings DROP note")
    op.execute("ALTER TABLE managers DROP code, DROP boss")


def downgrade() -> None:
    op.execute("ALTER TABLE managers ADD note text")
    op.execute("ALTER TABLE profiles ADD note text")
    op.execute("ALTER TABLE settings ADD note text")
    op.execute("ALTER TABLE managers ADD code integer UNIQUE, ADD boss integer REFERENCES people")
