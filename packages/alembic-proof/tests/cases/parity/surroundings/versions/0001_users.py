"""The schema, the extension and the table."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute(r'CREATE SCHEMA "other\: 100%"')
    op.execute("CREATE EXTENSION citext")
    op.create_table(
        "users",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", postgresql.CITEXT, nullable=False),
        schema="other: 100%",
    )


def downgrade() -> None:
    op.execute(r'DROP SCHEMA "other\: 100%" CASCADE')
    op.execute("DROP EXTENSION citext")
