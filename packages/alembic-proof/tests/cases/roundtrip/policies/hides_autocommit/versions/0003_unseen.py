"""A step that cannot be run on trial: what a policy hid from it is no reason to doubt its loss."""

from alembic import op

revision = "0003"
down_revision = "0002"

lossy = "downgrade: the names stay in capitals"


def upgrade() -> None:
    op.execute("CREATE INDEX CONCURRENTLY users_name ON users (name)")
    op.execute("UPDATE users SET name = upper(name)")


def downgrade() -> None:
    op.execute("DROP INDEX CONCURRENTLY users_name")
