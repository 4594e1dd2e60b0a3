"""The command `alembic-proof`."""

from alembic_proof.cli.main import main

__all__ = ["main"]
