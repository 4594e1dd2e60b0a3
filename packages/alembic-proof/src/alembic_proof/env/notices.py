"""What the server says while a migration runs: the counts and warnings that revisions raise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy.engine import Connection

TOLD = {"NOTICE", "WARNING"}
"""Source: https://www.postgresql.org/docs/current/plpgsql-errors-and-messages.html"""


def tell_notices(connection: Connection, *, say: Callable[[str], None]) -> None:
    """Ensures that NOTICE and WARNING reach the user, where the driver passes them on (asyncpg)."""
    driver = getattr(connection.connection, "driver_connection", None)
    listen = getattr(driver, "add_log_listener", None)
    if listen is None:
        return

    def tell(_: Any, message: Any) -> None:
        if message.severity_en in TOLD:
            say(f"    {message.severity_en.lower()}: {message.message}")

    listen(tell)
