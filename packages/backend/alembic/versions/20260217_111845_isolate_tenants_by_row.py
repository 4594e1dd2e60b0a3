"""Isolate tenants: row-level security on every table, and grants to the application's role.

The policies compare with the session's tenant: the sub-select makes it one init-plan instead of a
call per row, `true` and nullif() make a missing or left-behind empty setting mean no rows instead
of an error. Not FORCE: the owner migrates, and must see every tenant's rows. The role boards_app
belongs to the cluster and is made by the bootstrap, before the first revision. A policy that a DBA
made by hand under the same name goes first.

Revision: c80b52f6e3d4, after a41d9e07c6b3
Created: 2026-02-17 11:18:45+00:00
"""

from __future__ import annotations

from collections.abc import Sequence

from alembic import op

revision: str = "c80b52f6e3d4"
down_revision: str | Sequence[str] | None = "a41d9e07c6b3"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.execute("""
        LOCK TABLE public.board_members, public.boards, public.generations, public.tenants, public.users
        IN ACCESS EXCLUSIVE MODE
    """)
    op.execute("ALTER TABLE public.tenants ENABLE ROW LEVEL SECURITY")
    op.execute("DROP POLICY IF EXISTS tenants_isolation ON public.tenants")
    op.execute("""
        CREATE POLICY tenants_isolation ON public.tenants
        USING (id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid))
        WITH CHECK (id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid))
    """)
    op.execute("GRANT SELECT ON TABLE public.tenants TO boards_app")
    op.execute("ALTER TABLE public.users ENABLE ROW LEVEL SECURITY")
    op.execute("DROP POLICY IF EXISTS users_isolation ON public.users")
    op.execute("""
        CREATE POLICY users_isolation ON public.users
        USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid))
        WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid))
    """)
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE public.users TO boards_app")
    op.execute("ALTER TABLE public.boards ENABLE ROW LEVEL SECURITY")
    op.execute("DROP POLICY IF EXISTS boards_isolation ON public.boards")
    op.execute("""
        CREATE POLICY boards_isolation ON public.boards
        USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid))
        WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid))
    """)
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE public.boards TO boards_app")
    op.execute("ALTER TABLE public.board_members ENABLE ROW LEVEL SECURITY")
    op.execute("DROP POLICY IF EXISTS board_members_isolation ON public.board_members")
    op.execute("""
        CREATE POLICY board_members_isolation ON public.board_members
        USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid))
        WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid))
    """)
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE public.board_members TO boards_app")
    op.execute("ALTER TABLE public.generations ENABLE ROW LEVEL SECURITY")
    op.execute("DROP POLICY IF EXISTS generations_isolation ON public.generations")
    op.execute("""
        CREATE POLICY generations_isolation ON public.generations
        USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid))
        WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid))
    """)
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE public.generations TO boards_app")


def downgrade() -> None:
    op.execute("""
        LOCK TABLE public.board_members, public.boards, public.generations, public.tenants, public.users
        IN ACCESS EXCLUSIVE MODE
    """)
    op.execute("REVOKE ALL ON TABLE public.generations FROM boards_app")
    op.execute("DROP POLICY generations_isolation ON public.generations")
    op.execute("ALTER TABLE public.generations DISABLE ROW LEVEL SECURITY")
    op.execute("REVOKE ALL ON TABLE public.board_members FROM boards_app")
    op.execute("DROP POLICY board_members_isolation ON public.board_members")
    op.execute("ALTER TABLE public.board_members DISABLE ROW LEVEL SECURITY")
    op.execute("REVOKE ALL ON TABLE public.boards FROM boards_app")
    op.execute("DROP POLICY boards_isolation ON public.boards")
    op.execute("ALTER TABLE public.boards DISABLE ROW LEVEL SECURITY")
    op.execute("REVOKE ALL ON TABLE public.users FROM boards_app")
    op.execute("DROP POLICY users_isolation ON public.users")
    op.execute("ALTER TABLE public.users DISABLE ROW LEVEL SECURITY")
    op.execute("REVOKE ALL ON TABLE public.tenants FROM boards_app")
    op.execute("DROP POLICY tenants_isolation ON public.tenants")
    op.execute("ALTER TABLE public.tenants DISABLE ROW LEVEL SECURITY")
