"""Breaks over an empty name, and does not say over which."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute(
        "ALTER TABLE roles ADD CONSTRAINT ck_short CHECK (length(name) BETWEEN 1 AND 6) NOT VALID"
    )
    op.execute("ALTER TABLE roles VALIDATE CONSTRAINT ck_short")


def downgrade() -> None:
    op.execute("ALTER TABLE roles DROP CONSTRAINT ck_short")
