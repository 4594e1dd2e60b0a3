"""What a session notes of its readings in settings of its own, and what is new since then."""

from __future__ import annotations

SINCE = "alembic_proof.since"
"""The transaction number of the last reading."""
BEFORE = "alembic_proof.before"
"""The transaction number of the reading before that one."""
COUNTS = "alembic_proof.counts"
"""What was counted at the last reading."""
GIVEN = "alembic_proof.given"
"""The OIDs of what is to be told, as an array's text."""

IS_FRESH = "age(x.xmin) <= (SELECT age(number) FROM since)"
"""The condition that a row `x` was written after the reading in the table `since`."""


def since_table(setting: str) -> str:
    """The common table `since` with the number in one of the settings, NULL for none."""
    return f"""since (number) AS MATERIALIZED (
    SELECT nullif(current_setting('{setting}', true), '')::xid
)"""
