"""Whether a revision has met the functions that our readings keep in the session."""

from __future__ import annotations

from alembic_proof.catalog.queries.routine import PREFIX
from alembic_proof.env.server_message import server_message

_STILL_NEEDED = "2BP01"


def meets_readings(error: BaseException) -> bool:
    """Whether PostgreSQL refused it for the sake of one of ours: they need PL/pgSQL."""
    message = server_message(error)
    if message is None or message.sqlstate != _STILL_NEEDED:
        return False
    return f".{PREFIX}" in message.detail
