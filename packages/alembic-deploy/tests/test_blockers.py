"""Transactions in the way of a migration, as a message shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic_deploy.blockers import TRANSACTIONS, blocker_of
from alembic_deploy.connect import run_on

if TYPE_CHECKING:
    from tests.conftest import Project

_BACKGROUND = f"SELECT * FROM ({TRANSACTIONS}) AS transaction WHERE user_name = '' LIMIT 1"
"""The server's own processes belong to no role of ours."""


def test_a_hidden_session(project: Project) -> None:
    """A login sees neither statement nor age of another role's session; the message says who does."""
    row = run_on(project.url, lambda one: one.exec_driver_sql(_BACKGROUND).one())

    found = blocker_of(row)

    assert (found.query, found.age_s) == ("", None)
    assert "shown to members of pg_read_all_stats" in str(found)
