"""Tables of today."""

from alembic import op
from models import metadata  # type: ignore[import-not-found]

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    metadata.create_all(op.get_bind())


def downgrade() -> None:
    pass
