"""Values of one column that change places are other values."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute("ALTER TABLE tags ADD COLUMN size integer")


def downgrade() -> None:
    op.execute("ALTER TABLE tags DROP COLUMN size")
    op.execute(
        "UPDATE tags SET name = (SELECT t.name FROM tags AS t WHERE t.id = (SELECT min(x.id) + max(x.id) FROM tags AS x) - tags.id) WHERE id IN ((SELECT min(id) FROM tags), (SELECT max(id) FROM tags))"
    )
