"""boards-migrate: Boards' migrations from an installed wheel, without a checkout."""

from __future__ import annotations

from boards.database.migrate.cli import main

__all__ = ["main"]
