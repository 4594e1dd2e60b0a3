"""Notes."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE notes (id serial PRIMARY KEY, name text, code text UNIQUE,"
        " size integer, CONSTRAINT size_check CHECK (size > 1))"
    )
    op.execute("CREATE INDEX ix_notes_name ON notes (name)")
    op.execute('CREATE INDEX "ix on size" ON notes (size)')
    op.execute("CREATE INDEX ix_equal ON notes (id, size)")


def downgrade() -> None:
    op.execute("DROP TABLE notes")
