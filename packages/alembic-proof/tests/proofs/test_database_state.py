"""What drift reads of a database."""

from __future__ import annotations

import pytest

from alembic_deploy.connect import run_on
from alembic_deploy.errors import DatabaseError
from alembic_proof.proofs.database_state import read_major, refuse_old_server

_URL = "postgresql://me:secret@localhost/x"


def test_a_server_that_is_too_old_is_one_clear_error() -> None:
    """Before anything is built for it; the oldest that can be read is let through."""
    refuse_old_server(15, url=_URL)

    with pytest.raises(DatabaseError, match="the live server is PostgreSQL 14") as caught:
        refuse_old_server(14, url=_URL)

    assert "secret" not in str(caught.value)


def test_the_major_is_the_server_s_own(scratch_url: str) -> None:
    """The one that a second connection reads from the text of its version."""
    version = run_on(
        scratch_url, lambda one: one.exec_driver_sql("SHOW server_version").scalar_one()
    )

    assert read_major(scratch_url) == int(str(version).split(".")[0])
