"""Licences, whose codes are known."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE licences (id integer PRIMARY KEY, code text NOT NULL CHECK (md5(code) IN"
        " ('5d41402abc4b2a76b9719d911017c592', '7d793037a0760186574b0282f2f435e7')), note text)"
    )


def downgrade() -> None:
    op.execute("DROP TABLE licences")
