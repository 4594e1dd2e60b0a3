"""One member for each address; it looks first."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    if (
        op.get_bind()
        .exec_driver_sql("SELECT count(*) > count(DISTINCT email) FROM public.members")
        .scalar()
    ):
        raise RuntimeError("two members have one address: merge them first")
    op.create_unique_constraint("uq_members_email", "members", ["email"])


def downgrade() -> None:
    op.drop_constraint("uq_members_email", "members")
