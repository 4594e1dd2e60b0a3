"""Both sides together, as `alembic merge` writes it, but for an excuse."""

revision = "0004"
down_revision = ("0002", "0003")

# An excuse that older rules asked for, in a file that is merged.
lossy = "nothing is done, and nothing undone"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
