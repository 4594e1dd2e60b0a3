"""What a session notes of its readings in settings of its own, and what is new since then."""

from __future__ import annotations

SINCE = "alembic_proof.since"
"""The transaction number of the last reading."""
BEFORE = "alembic_proof.before"
"""The transaction number of the reading before that one."""
COUNTS = "alembic_proof.counts"
"""What was counted at the last reading."""
DONE = "alembic_proof.done"
"""The transaction number that came next at the last reading, whatever else was running."""
PLACE = "alembic_proof.database"
"""The OID of the session's database."""


def noted(setting: str) -> str:
    """What is in the setting, NULL for nothing."""
    return f"nullif(current_setting('{setting}', true), '')"


def note(setting: str, value: str) -> str:
    """The statement of a function that notes it for as long as the session lasts."""
    return f"ignored := set_config('{setting}', coalesce({value}, ''), false);"
