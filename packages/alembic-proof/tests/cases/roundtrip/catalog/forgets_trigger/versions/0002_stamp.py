"""A trigger whose downgrade takes back the comment only."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute(
        """
        CREATE OR REPLACE TRIGGER users_stamp BEFORE UPDATE ON public.users
        FOR EACH ROW EXECUTE FUNCTION public.stamp()
        """
    )
    op.execute("COMMENT ON TABLE public.users IS 'stamped'")


def downgrade() -> None:
    op.execute("COMMENT ON TABLE public.users IS NULL")
