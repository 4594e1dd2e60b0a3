"""Refuses with an object in its words: an address would be another one in each run."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute("ALTER TABLE notes ADD name text")


def downgrade() -> None:
    settings = {"of": object()}
    assert settings == {}, settings
