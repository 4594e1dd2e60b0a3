"""What becomes of a revision that ends the process."""

from __future__ import annotations

import sys

import pytest

from alembic_proof.errors import HistoryError, Terminated
from alembic_proof.history.exits import refused_exits


@pytest.mark.parametrize("code", [0, 1, None, "bye"])
def test_an_exit_is_an_error(code: object) -> None:
    """Whatever its code, the exit leaves as an error that names it."""
    with pytest.raises(HistoryError, match="ends the process"), refused_exits():
        sys.exit(code)  # type: ignore[arg-type]  # sys.exit takes anything


def test_a_signal_still_ends_the_process() -> None:
    """What SIGTERM raises is nobody's mistake and passes."""
    with pytest.raises(Terminated), refused_exits():
        raise Terminated(143)
