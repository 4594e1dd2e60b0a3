"""Notes."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "notes",
        sa.Column("id", sa.Integer(), sa.Identity(), primary_key=True),
        sa.Column("name", sa.Text(), sa.CheckConstraint("name NOT LIKE 'a%;%'", name="ck_name")),
    )
    op.execute("INSERT INTO notes (name) VALUES ('it''s; %')")


def downgrade() -> None:
    op.drop_table("notes")
