"""The three tables, one of them with what can hang on a table, and an old one."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("legacy", sa.Text),
    )
    op.create_index("ix_legacy", "users", ["legacy"])
    op.create_table(
        "items",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("user_id", sa.Integer, nullable=False),
    )
    op.create_table(
        "legacy",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, comment="As it was."),
        sa.CheckConstraint("name <> ''"),
    )
    op.create_table(
        "mirror", sa.Column("id", sa.Integer, sa.ForeignKey("users.id"), primary_key=True)
    )
    op.execute("GRANT SELECT ON mirror TO PUBLIC")
    op.execute("ALTER TABLE mirror ENABLE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY mirror_all ON mirror USING (true)")
    op.execute(
        "CREATE TRIGGER mirror_same BEFORE UPDATE ON mirror FOR EACH ROW"
        " EXECUTE FUNCTION suppress_redundant_updates_trigger()"
    )
    op.execute("ALTER TABLE mirror ALTER COLUMN id SET DEFAULT 1")


def downgrade() -> None:
    op.drop_table("mirror")
    op.drop_table("legacy")
    op.drop_table("items")
    op.drop_table("users")
