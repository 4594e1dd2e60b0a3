"""What is granted depends on what the downgrade leaves."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("INSERT INTO public.permissions (name) VALUES ('read'), ('write')")
    op.execute(
        "INSERT INTO public.grants (role, permission_id) SELECT 'writer', id FROM"
        " public.permissions WHERE name = CASE WHEN EXISTS (SELECT FROM"
        " public.permissions WHERE name = 'menu') THEN 'read' ELSE 'write' END"
    )
    op.execute("DELETE FROM public.permissions WHERE name = 'menu'")


def downgrade() -> None:
    op.execute("DELETE FROM public.grants WHERE role IN ('reader', 'writer')")
    op.execute("DELETE FROM public.permissions WHERE name IN ('read', 'write')")
    op.execute("INSERT INTO public.permissions (name) VALUES ('menu')")
