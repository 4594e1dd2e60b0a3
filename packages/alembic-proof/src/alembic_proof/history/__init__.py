"""Alembic's script directory and commands: the only user of Alembic's non-public API."""
