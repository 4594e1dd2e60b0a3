"""Users and plans; every role sees the plans, and of the users those of one tenant."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE TABLE tenants (id integer PRIMARY KEY)")
    for table in ("users", "plans", "drafts"):
        op.execute(
            f"CREATE TABLE {table} (id integer PRIMARY KEY,"
            " tenant_id integer NOT NULL REFERENCES tenants, name text NOT NULL)"
        )
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY isolation ON {table}"
            " USING (tenant_id = CAST(nullif(current_setting('app.tenant_id', true), '') AS integer))"
        )
    op.execute("CREATE POLICY for_all ON plans USING (true)")
    op.execute("ALTER TABLE users FORCE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE plans FORCE ROW LEVEL SECURITY")


def downgrade() -> None:
    op.execute("DROP TABLE users, plans, drafts, tenants")
