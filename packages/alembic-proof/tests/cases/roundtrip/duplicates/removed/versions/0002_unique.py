"""One member for each address; the others go."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute(
        "DELETE FROM public.members AS a USING public.members AS b WHERE a.email = b.email AND a.id > b.id"
    )
    op.create_unique_constraint("uq_members_email", "members", ["email"])


def downgrade() -> None:
    op.drop_constraint("uq_members_email", "members")
