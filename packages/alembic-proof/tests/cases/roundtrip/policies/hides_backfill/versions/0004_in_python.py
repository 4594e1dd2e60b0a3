"""A backfill that reads the users in Python, and finds none."""

from alembic import op
from sqlalchemy import text

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    connection = op.get_bind()
    rows = connection.execute(text("SELECT id, email FROM users WHERE name IS NOT NULL"))
    for row in rows.fetchall():
        name = text("UPDATE users SET name = :name WHERE id = :id")
        connection.execute(name, {"name": row[1], "id": row[0]})
    op.execute("UPDATE users SET tenant_id = tenant_id")


def downgrade() -> None:
    pass
