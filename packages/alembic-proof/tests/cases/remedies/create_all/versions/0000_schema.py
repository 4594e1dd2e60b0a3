"""Schema.

A later revision calls metadata.create_all(op.get_bind()).
"""

from alembic import op

revision = "0000"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE SCHEMA other")


def downgrade() -> None:
    op.execute("DROP SCHEMA other")
