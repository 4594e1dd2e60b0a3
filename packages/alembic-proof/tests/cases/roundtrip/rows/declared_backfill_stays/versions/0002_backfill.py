"""Names, in batches."""

revision = "0002"
down_revision = "0001"

backfill = {
    "name": "fill_names",
    "table": "public.users",
    "set": "name = 'nobody'",
    "where": "name IS NULL",
    "undo": None,
}


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
