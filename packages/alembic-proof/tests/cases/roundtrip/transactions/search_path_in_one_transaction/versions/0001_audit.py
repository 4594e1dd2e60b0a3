"""SET LOCAL lasts to the end of the transaction, which is not that of the revision."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE SCHEMA audit")
    op.execute("SET LOCAL search_path = audit, public")
    op.execute("CREATE TABLE log (id integer PRIMARY KEY)")


def downgrade() -> None:
    op.execute("DROP SCHEMA audit CASCADE")
