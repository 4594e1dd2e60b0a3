"""What is unique becomes the primary key."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_primary_key("pk_members", "members", ["id"])


def downgrade() -> None:
    op.drop_constraint("pk_members", "members")
    op.execute("ALTER TABLE public.members ALTER COLUMN id SET NOT NULL")
