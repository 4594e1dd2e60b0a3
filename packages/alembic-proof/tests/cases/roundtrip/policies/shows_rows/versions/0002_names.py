"""Names for all of them: without FORCE, under a policy that shows the rows, and tenant by tenant."""

from alembic import op
from sqlalchemy import text

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE users NO FORCE ROW LEVEL SECURITY")
    op.execute("UPDATE users SET name = concat(name, '!')")
    op.execute("ALTER TABLE users FORCE ROW LEVEL SECURITY")
    op.execute("UPDATE plans SET name = concat(name, '!')")
    op.execute("UPDATE drafts SET name = concat(name, '!')")
    tenants = op.get_bind().execute(text("SELECT id FROM tenants")).fetchall()
    for (tenant_id,) in tenants:
        op.execute(f"SET LOCAL app.tenant_id = '{tenant_id}'")
        op.execute(f"UPDATE users SET name = concat(name, '?') WHERE tenant_id = {tenant_id}")


def downgrade() -> None:
    op.execute("ALTER TABLE users NO FORCE ROW LEVEL SECURITY")
    op.execute("UPDATE users SET name = regexp_replace(name, '!.$', '')")
    op.execute("ALTER TABLE users FORCE ROW LEVEL SECURITY")
    op.execute("UPDATE plans SET name = regexp_replace(name, '!$', '')")
    op.execute("UPDATE drafts SET name = regexp_replace(name, '!$', '')")
