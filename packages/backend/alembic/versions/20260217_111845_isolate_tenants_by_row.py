"""Isolate tenants: row-level security on every table, and grants to the application's role.

The policies compare with the session's tenant: the sub-select makes it one init-plan instead of a
call per row, `true` and nullif() make a missing or left-behind empty setting mean no rows instead
of an error. Not FORCE: the owner migrates, and must see every tenant's rows. The role boards_app
belongs to the cluster and is made by the bootstrap, before the first revision.
"""

from __future__ import annotations

from alembic import op

revision: str = "c80b52f6e3d4"
down_revision: str | None = "a41d9e07c6b3"
branch_labels: str | None = None
depends_on: str | None = None

TENANT = "(SELECT nullif(current_setting('app.tenant_id', true), '')::uuid)"
KEYS = {
    "tenants": "id",
    "users": "tenant_id",
    "boards": "tenant_id",
    "board_members": "tenant_id",
    "generations": "tenant_id",
}


def upgrade() -> None:
    for table, key in KEYS.items():
        op.execute(f"ALTER TABLE public.{table} ENABLE ROW LEVEL SECURITY")
        op.execute(policy(table, f"{key} = {TENANT}"))
    op.execute("GRANT SELECT ON TABLE public.tenants TO boards_app")
    for table in KEYS:
        if table != "tenants":
            op.execute(
                f"GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE public.{table} TO boards_app"
            )


def downgrade() -> None:
    for table in reversed(KEYS):
        op.execute(f"REVOKE ALL ON TABLE public.{table} FROM boards_app")
        op.execute(f"DROP POLICY IF EXISTS {table}_isolation ON public.{table}")
        op.execute(f"ALTER TABLE public.{table} DISABLE ROW LEVEL SECURITY")


def policy(table: str, condition: str) -> str:
    """SQL that ends with exactly this policy, also where a DBA made one by hand before."""
    return f"""
    DO $policy$
    BEGIN
        IF EXISTS (
            SELECT
            FROM pg_catalog.pg_policies
            WHERE schemaname = 'public'
            AND tablename = '{table}'
            AND policyname = '{table}_isolation'
        ) THEN
            DROP POLICY {table}_isolation ON public.{table};
        END IF;
        CREATE POLICY {table}_isolation ON public.{table}
        USING ({condition})
        WITH CHECK ({condition});
    END
    $policy$
    """
