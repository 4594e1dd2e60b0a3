"""Two checks in one statement: PostgreSQL names one that fails, and then the other."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute(
        "ALTER TABLE users ADD CONSTRAINT ck_age CHECK (age < 100),"
        " ADD CONSTRAINT ck_name CHECK (name <> 'name-0')"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE users DROP CONSTRAINT ck_age, DROP CONSTRAINT ck_name")
