"""Teams may be unknown."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("ALTER TABLE users DROP CONSTRAINT of_team")


def downgrade() -> None:
    op.execute("ALTER TABLE users ADD CONSTRAINT of_team FOREIGN KEY (team) REFERENCES teams")
