"""A trigger that its downgrade forgets; the table"s own takes it along."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute(
        "CREATE OR REPLACE TRIGGER users_stamp BEFORE UPDATE ON public.users "
        "FOR EACH ROW EXECUTE FUNCTION public.stamp()"
    )


def downgrade() -> None:
    pass
