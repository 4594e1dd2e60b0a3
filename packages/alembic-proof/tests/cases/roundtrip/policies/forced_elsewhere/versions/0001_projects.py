"""Projects, whose owner sees no more than others do, and their issues."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE TABLE projects (id integer PRIMARY KEY, name text NOT NULL)")
    op.execute(
        "CREATE TABLE issues (id integer PRIMARY KEY, project_id integer NOT NULL"
        " REFERENCES projects, rank smallint NOT NULL DEFAULT 3 CHECK (rank BETWEEN 1 AND"
        " 5))"
    )
    op.execute("ALTER TABLE projects ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")


def downgrade() -> None:
    op.execute("DROP TABLE issues")
    op.execute("DROP TABLE projects")
