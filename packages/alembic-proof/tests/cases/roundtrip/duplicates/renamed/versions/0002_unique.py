"""One member for each address; the others get another one."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute(
        "UPDATE public.members AS a SET email = a.email || a.id FROM public.members AS b WHERE a.email = b.email AND a.id > b.id"
    )
    op.create_unique_constraint("uq_members_email", "members", ["email"])


def downgrade() -> None:
    op.drop_constraint("uq_members_email", "members")
