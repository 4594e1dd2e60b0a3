"""An update before an index is built outside of the transaction; the way back is seen up to there."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("UPDATE users SET name = name || '!'")
    with op.get_context().autocommit_block():
        op.execute("CREATE INDEX CONCURRENTLY users_name ON users (name)")


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY users_name")
    op.execute("UPDATE users SET name = rtrim(name, '!')")
