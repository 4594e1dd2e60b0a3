"""A step that commits through SQLAlchemy is run once alone, and FORCE stays where it was."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("COMMENT ON TABLE users IS 'one'")
    op.execute("COMMIT")
    op.execute("BEGIN")
    op.execute("CREATE TABLE others (id integer)")


def downgrade() -> None:
    op.execute("DROP TABLE others")
    op.execute("COMMENT ON TABLE users IS NULL")
