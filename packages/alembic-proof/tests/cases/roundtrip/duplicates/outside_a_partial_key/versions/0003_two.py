"""Two texts at once, of which the first is converted well."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute(
        "ALTER TABLE seats ALTER a TYPE integer USING length(a), ALTER b TYPE integer"
        " USING nullif(b, 'b-0')::integer"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE seats ALTER a TYPE text, ALTER b TYPE text")
