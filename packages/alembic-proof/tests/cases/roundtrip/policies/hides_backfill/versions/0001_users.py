"""Users of tenants; their owner sees those of the tenant that the session names."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE users (id integer PRIMARY KEY, tenant_id integer NOT NULL, email text, name text)"
    )
    op.execute("ALTER TABLE users ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    op.execute(
        "CREATE POLICY users_isolation ON users"
        " USING (tenant_id = CAST(nullif(current_setting('app.tenant_id', true), '') AS integer))"
    )


def downgrade() -> None:
    op.execute("DROP TABLE users")
