"""A foreign key without a name, as autogenerate writes it."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("notes", sa.Column("user_id", sa.Integer))
    op.create_foreign_key(None, "notes", "users", ["user_id"], ["id"])
    op.create_unique_constraint(None, "notes", ["user_id"])


def downgrade() -> None:
    op.drop_constraint(None, "notes", type_="foreignkey")
    op.drop_column("notes", "user_id")
