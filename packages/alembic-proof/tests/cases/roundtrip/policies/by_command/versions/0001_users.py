"""Users that everybody may read; only those of the session's tenant may be changed, none deleted."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE users (id integer PRIMARY KEY, tenant_id integer NOT NULL, email text, name text)"
    )
    op.execute("ALTER TABLE users ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY reading ON users FOR SELECT USING (true)")
    op.execute(
        "CREATE POLICY changing ON users FOR UPDATE"
        " USING (tenant_id = CAST(nullif(current_setting('app.tenant_id', true), '') AS integer))"
    )


def downgrade() -> None:
    op.execute("DROP TABLE users")
