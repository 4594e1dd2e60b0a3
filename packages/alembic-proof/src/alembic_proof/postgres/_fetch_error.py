"""Why the embedded PostgreSQL could not be had; a fallback may still save the day."""

from __future__ import annotations

from alembic_proof.errors import ServerError


class FetchError(ServerError):
    """The embedded PostgreSQL could not be fetched, verified or unpacked."""
