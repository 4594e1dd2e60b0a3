"""Names of the tenants that the revision itself names: which rows are theirs is its own choice."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("ALTER TABLE users ADD COLUMN label text")
    for tenant_id in (70001, 70002):
        op.execute(f"SELECT set_config('app.tenant_id', '{tenant_id}', true)")
        op.execute("UPDATE users SET label = name")


def downgrade() -> None:
    op.execute("ALTER TABLE users DROP COLUMN label")
