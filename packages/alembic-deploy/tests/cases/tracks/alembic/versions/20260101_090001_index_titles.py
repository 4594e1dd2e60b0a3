"""index titles."""

from alembic import op

revision = "bbbbbbbbbbbb"
down_revision = "aaaaaaaaaaaa"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("CREATE INDEX CONCURRENTLY ix_tracks_title ON tracks (title)")


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY ix_tracks_title")
