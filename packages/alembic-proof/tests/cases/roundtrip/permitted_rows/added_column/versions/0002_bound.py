"""A column that holds NULL in each row there is, and a check that none satisfies."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE tags ADD code integer, ALTER code SET NOT NULL")
    op.execute("ALTER TABLE tags ADD CONSTRAINT ck_name CHECK (name = 'x')")


def downgrade() -> None:
    op.execute("ALTER TABLE tags DROP CONSTRAINT ck_name, DROP code")
