"""A step that commits below SQLAlchemy, and begins again, is proved in another database."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("COMMENT ON COLUMN users.name IS 'one'")
    driver = op.get_bind().connection
    driver.commit()
    op.execute("CREATE TABLE fourth (id integer)")


def downgrade() -> None:
    op.execute("DROP TABLE fourth")
    op.execute("COMMENT ON COLUMN users.name IS NULL")
