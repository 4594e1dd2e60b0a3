"""Waits inside of the server where it is told to."""

import os
from pathlib import Path

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    if reached := os.environ.get("CASE_REACHED"):
        Path(reached).touch()
        op.execute("SELECT pg_sleep(60)")
    op.execute("ALTER TABLE users ADD note text")


def downgrade() -> None:
    op.execute("ALTER TABLE users DROP note")
