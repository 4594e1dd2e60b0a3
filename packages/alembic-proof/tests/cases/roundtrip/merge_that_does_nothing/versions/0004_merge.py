"""Both sides together, as `alembic merge` writes it."""

revision = "0004"
down_revision = ("0002", "0003")


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
