"""Groups of groups, and of pages; two of one name where there is no group above them."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    for name in ("groups", "pages"):
        op.execute(
            f"CREATE TABLE {name} (id integer PRIMARY KEY, above integer REFERENCES {name},"
            f" name text NOT NULL, CONSTRAINT uq_{name} UNIQUE (above, name))"
        )


def downgrade() -> None:
    op.execute("DROP TABLE pages")
    op.execute("DROP TABLE groups")
