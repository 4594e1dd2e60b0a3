"""A question before something that cannot be undone, on a terminal only."""

from __future__ import annotations

import select
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from alembic_deploy.entry_point import SIGNALS
from alembic_deploy.errors import ConfigError, Terminated
from alembic_deploy.process_exit import write_line
from alembic_deploy.session import PING_EVERY_S


def is_terminal() -> bool:
    """Return whether somebody can be asked: standard input and standard error are a terminal."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def ask(question: str, *, unasked: str, while_waiting: Callable[[], None] = lambda: None) -> bool:
    """Return whether the answer on the terminal is yes; an empty one, or its end, is no.

    :param question: The question without its choices.
    :param unasked: What to do where there is no terminal.
    :param while_waiting: Called again and again until the answer is there.
    :raises ConfigError: There is none.
    :raises KeyboardInterrupt: Control-C.
    :raises Terminated: SIGTERM or SIGHUP.
    """
    if not is_terminal():
        raise ConfigError(
            "nothing is done: the question needs an answer, and there is no terminal", todo=unasked
        )
    answer = _read_answer(question, while_waiting)
    if not answer.endswith("\n"):
        write_line(sys.stderr, "")
    return answer.strip().lower() in ("y", "yes")


def _read_answer(question: str, while_waiting: Callable[[], None]) -> str:
    """Print the question; return the line that is typed, empty at the end of the input."""
    prompt = f"{question} [y/N] "
    while True:
        with _raising_signals():
            sys.stderr.write(prompt)
            sys.stderr.flush()
            if select.select([sys.stdin], [], [], PING_EVERY_S)[0]:
                return sys.stdin.readline()
        prompt = ""
        while_waiting()


@contextmanager
def _raising_signals() -> Iterator[None]:
    """Let signals raise in this block: inside of an event loop they only cancel its tasks.

    The loop waits for the answer and would not cancel them before.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handled = [one for one in SIGNALS if signal.getsignal(one) is not signal.SIG_IGN]
    before = [(one, signal.signal(one, _raise)) for one in handled]
    try:
        yield
    finally:
        for one, handler in before:
            signal.signal(one, handler)


def _raise(number: int, _: FrameType | None) -> None:
    raise KeyboardInterrupt if number == signal.SIGINT else Terminated(128 + number)
