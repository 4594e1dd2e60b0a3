"""Rows that refer to one another are checked at the commit."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE TABLE tree (id integer PRIMARY KEY, parent integer)")
    op.execute(
        "ALTER TABLE tree ADD FOREIGN KEY (parent) REFERENCES tree DEFERRABLE INITIALLY DEFERRED"
    )


def downgrade() -> None:
    op.execute("DROP TABLE tree")
