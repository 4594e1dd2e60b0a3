"""More."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("tags", sa.Column("name", sa.Text()))


def downgrade() -> None:
    op.drop_column("tags", "name")
