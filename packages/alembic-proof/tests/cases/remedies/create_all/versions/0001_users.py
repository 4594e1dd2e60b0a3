"""Users, as the models have them at the time."""

from alembic import op
from models import metadata  # type: ignore[import-not-found]

revision = "0001"
down_revision = "0000"


def upgrade() -> None:
    metadata.create_all(op.get_bind())


def downgrade() -> None:
    metadata.drop_all(op.get_bind())
