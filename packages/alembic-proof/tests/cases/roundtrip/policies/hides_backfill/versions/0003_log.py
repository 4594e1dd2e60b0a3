"""A log that a block of PL/pgSQL fills with none of the users; the way back takes no name away."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("CREATE TABLE log (user_id integer)")
    op.execute("DO $$BEGIN INSERT INTO log SELECT id FROM users; END$$")


def downgrade() -> None:
    op.execute("DROP TABLE log")
    op.execute("UPDATE users SET name = upper(name)")
