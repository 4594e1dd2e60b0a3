"""Nobody can guess what new lines look like."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute(
        "ALTER TABLE lines ADD CONSTRAINT hard CHECK (v % 1000 = 7 AND md5(w) LIKE"
        " 'abc%') NOT VALID"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE lines DROP CONSTRAINT hard")
