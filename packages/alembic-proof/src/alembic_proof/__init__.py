"""Prove an Alembic migration history on a real PostgreSQL."""
