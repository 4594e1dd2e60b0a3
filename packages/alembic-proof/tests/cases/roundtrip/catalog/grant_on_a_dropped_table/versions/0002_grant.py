"""A grant that its downgrade forgets; the table"s own takes it along."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("GRANT SELECT, INSERT ON public.users TO PUBLIC")


def downgrade() -> None:
    op.execute("REVOKE INSERT ON public.users FROM PUBLIC")
