"""Alembic's script directory, env.py and commands: the only user of Alembic's non-public API."""
