"""Days."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE days (id int PRIMARY KEY, after int REFERENCES days INITIALLY DEFERRED)"
    )
    op.execute("INSERT INTO days VALUES (1, 1)")


def downgrade() -> None:
    op.execute("DROP TABLE days")
