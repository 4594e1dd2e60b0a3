"""Something that another tool has made."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("accounts", sa.Column("email", sa.Text))


def downgrade() -> None:
    op.drop_column("accounts", "email")
