"""Names become upper case, those that are there as well."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_check_constraint("ck_users_name", "users", "name = upper(name)")


def downgrade() -> None:
    op.drop_constraint("ck_users_name", "users")
