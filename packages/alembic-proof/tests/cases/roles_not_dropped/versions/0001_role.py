"""Role whose name no file has."""

from alembic import op

revision = "0001"
down_revision = None
ROLE = "_".join(("case", "left"))


def upgrade() -> None:
    op.execute(f"CREATE ROLE {ROLE} NOLOGIN")
    op.execute("CREATE TABLE users (id integer PRIMARY KEY)")
    op.execute(f"GRANT SELECT ON users TO {ROLE}")


def downgrade() -> None:
    op.execute("DROP TABLE users")
    op.execute(f"DROP ROLE {ROLE}")
