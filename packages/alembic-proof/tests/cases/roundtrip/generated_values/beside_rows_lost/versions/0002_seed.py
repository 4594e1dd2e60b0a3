"""Permissions with their next numbers; the downgrade takes an older grant along, and moves another."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("INSERT INTO public.permissions (name) VALUES ('read'), ('write')")
    op.execute(
        "INSERT INTO public.grants (role, permission_id) SELECT 'reader', id FROM"
        " public.permissions WHERE name = 'read'"
    )
    op.execute(
        "INSERT INTO public.grants (role, permission_id) SELECT 'writer', id FROM"
        " public.permissions WHERE name IN ('read', 'write')"
    )
    op.execute("DELETE FROM public.permissions WHERE name IN ('menu')")


def downgrade() -> None:
    op.execute("DELETE FROM public.grants WHERE id = (SELECT min(id) FROM public.grants)")
    op.execute("DELETE FROM public.grants WHERE role IN ('reader', 'writer')")
    op.execute("DELETE FROM public.permissions WHERE name IN ('read', 'write')")
    op.execute(
        "UPDATE public.grants SET permission_id = (SELECT max(id) FROM"
        " public.permissions) WHERE id = (SELECT min(id) FROM public.grants)"
    )
