"""What drift reads of a database."""

from __future__ import annotations

import pytest

from alembic_proof.errors import DatabaseError
from alembic_proof.proofs.state import read_major, refuse_old_server

_URL = "postgresql://me:secret@localhost/x"


def test_a_server_that_is_too_old_is_one_clear_error() -> None:
    """Before anything is built for it; the oldest that can be read is let through."""
    refuse_old_server(15, url=_URL)

    with pytest.raises(DatabaseError, match="the live server is PostgreSQL 14") as caught:
        refuse_old_server(14, url=_URL)

    assert "secret" not in str(caught.value)


def test_the_major_is_the_server_s_own(scratch_url: str) -> None:
    """A number, whatever else its version says."""
    assert 15 <= read_major(scratch_url) < 100
