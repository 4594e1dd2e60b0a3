"""What becomes of a revision that ends the process."""

from __future__ import annotations

import sys

import pytest

from alembic_proof.errors import HistoryError, Terminated
from alembic_proof.history.exits import passed_interruptions, refused_exits


@pytest.mark.parametrize("code", [0, 1, None, "bye"])
def test_an_exit_is_an_error(code: object) -> None:
    """Whatever its code, the exit leaves as an error that names it."""
    with pytest.raises(HistoryError, match="ends the process"), refused_exits():
        sys.exit(code)  # type: ignore[arg-type]  # sys.exit takes anything


def test_a_signal_still_ends_the_process() -> None:
    """What SIGTERM raises is nobody's mistake and passes."""
    with pytest.raises(Terminated), refused_exits():
        raise Terminated(143)


@pytest.mark.parametrize("end", [KeyboardInterrupt(), Terminated(143)])
def test_an_error_out_of_an_interruption_is_the_interruption(end: BaseException) -> None:
    """A driver that is interrupted closes its connection, and whoever ends a transaction fails."""
    with pytest.raises(type(end)) as caught, passed_interruptions():
        _run_env(end)

    assert caught.value is end


def test_any_other_error_stays_what_it_is() -> None:
    """Also one with a history of its own."""
    with pytest.raises(HistoryError) as caught, passed_interruptions():
        _run_env(ValueError("a value"))

    assert isinstance(caught.value.__cause__, ConnectionError)


def _run_env(end: BaseException) -> None:
    try:
        _close_while_ending(end)
    except ConnectionError as error:
        raise HistoryError("env.py cannot run") from error


def _close_while_ending(end: BaseException) -> None:
    try:
        raise end
    finally:
        raise ConnectionError("the connection is closed")
