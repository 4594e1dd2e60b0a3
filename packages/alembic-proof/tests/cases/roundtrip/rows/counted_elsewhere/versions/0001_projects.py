"""Projects that count their issues."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE TABLE projects (id integer PRIMARY KEY, issues integer NOT NULL DEFAULT 0)")
    op.execute(
        "CREATE TABLE issues (id integer PRIMARY KEY, project_id integer NOT NULL"
        " REFERENCES projects)"
    )
    op.execute(
        "CREATE FUNCTION bump() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE"
        " projects SET issues = issues + 1 WHERE id = NEW.project_id; RETURN NEW; END $$"
    )
    op.execute("CREATE TRIGGER bump AFTER INSERT ON issues FOR EACH ROW EXECUTE FUNCTION bump()")


def downgrade() -> None:
    op.execute("DROP TABLE issues")
    op.execute("DROP TABLE projects")
    op.execute("DROP FUNCTION bump")
