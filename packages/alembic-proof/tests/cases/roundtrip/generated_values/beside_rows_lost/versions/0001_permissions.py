"""Permissions, and what each role may do."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE TABLE public.permissions (id serial PRIMARY KEY, name text NOT NULL UNIQUE)")
    op.execute(
        "CREATE TABLE public.grants (id serial PRIMARY KEY, role text NOT NULL,"
        " permission_id integer NOT NULL REFERENCES public.permissions)"
    )


def downgrade() -> None:
    op.drop_table("grants")
    op.drop_table("permissions")
