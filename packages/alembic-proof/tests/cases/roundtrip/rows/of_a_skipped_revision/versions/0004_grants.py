"""Refers to the first role, which no other try has taken away."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("CREATE TABLE grants (role_id integer NOT NULL REFERENCES roles)")
    op.execute("INSERT INTO grants VALUES (1000)")


def downgrade() -> None:
    op.execute("DROP TABLE grants")
