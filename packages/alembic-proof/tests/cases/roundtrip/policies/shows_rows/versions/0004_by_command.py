"""Policies for single commands that show all rows to each of them."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("DROP POLICY for_all ON plans")
    op.execute("CREATE POLICY reading ON plans FOR SELECT USING (true)")
    op.execute("CREATE POLICY changing ON plans FOR UPDATE USING (true)")
    op.execute("UPDATE plans SET name = concat(name, '+')")


def downgrade() -> None:
    op.execute("UPDATE plans SET name = regexp_replace(name, '[+]$', '')")
    op.execute("DROP POLICY reading ON plans")
    op.execute("DROP POLICY changing ON plans")
    op.execute("CREATE POLICY for_all ON plans USING (true)")
