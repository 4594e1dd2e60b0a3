"""All is named: a table of another schema, and a column with a semicolon in its reason."""

from alembic import op

revision = "0003"
down_revision = "0002"

lossy = "downgrade: users.age: nobody knows it; nor ever will; audit.users: the trail starts empty"


def upgrade() -> None:
    op.execute("ALTER TABLE users DROP COLUMN age")
    op.execute("ALTER TABLE audit.users DROP COLUMN at")


def downgrade() -> None:
    op.execute("ALTER TABLE users ADD COLUMN age integer")
    op.execute("ALTER TABLE audit.users ADD COLUMN at date")
