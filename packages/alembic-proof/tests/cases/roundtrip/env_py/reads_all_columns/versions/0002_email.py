"""One statement before and after the table has another column."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.get_bind().exec_driver_sql("SELECT * FROM public.users").all()
    op.execute("ALTER TABLE public.users ADD COLUMN email text")
    op.get_bind().exec_driver_sql("SELECT * FROM public.users WHERE true").all()


def downgrade() -> None:
    op.get_bind().exec_driver_sql("SELECT * FROM public.users").all()
    op.execute("ALTER TABLE public.users DROP COLUMN email")
