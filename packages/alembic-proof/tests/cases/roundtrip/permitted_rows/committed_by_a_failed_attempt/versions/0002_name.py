"""Fails on rows when it has committed a row of its own, which a second try does not meet."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("INSERT INTO roles VALUES ('admin')")
    op.execute("ALTER TABLE users ALTER name SET NOT NULL")


def downgrade() -> None:
    op.execute("ALTER TABLE users ALTER name DROP NOT NULL")
    op.execute("DELETE FROM roles WHERE name = 'admin'")
