"""How a command line ends: its exit code, and what a signal or a reader that leaves does to it."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TextIO

from alembic.util import CommandError

from alembic_proof.errors import ProofError, Terminated

CLEAN = 0
BROKEN = 2
INTERRUPTED = 130
_ENDS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


def exit_code_of(run: Callable[[], int], *, prefix: str = "") -> int:
    """What `run` returns; 2 for whatever is broken, 130 for Control-C, 143 for SIGTERM, 129 for SIGHUP.

    An error is one message on standard error. A fault of the program's own keeps its traceback, and
    is 2 as well: 1 would say that something was found.
    """
    try:
        with ends_in_order():
            code = run()
            sys.stdout.flush()
    except (ProofError, CommandError) as error:
        tell(sys.stderr, f"{prefix}{error}")
        return BROKEN
    except Terminated:
        tell(sys.stderr, f"{prefix}terminated")
        raise
    except KeyboardInterrupt:
        tell(sys.stderr, f"{prefix}interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        discard(sys.stdout)
        return CLEAN
    except Exception:
        tell(sys.stderr, traceback.format_exc().rstrip())
        return BROKEN
    return code


def tell(stream: TextIO, text: str) -> None:
    """Print whole lines; who has left does not read them, and the work behind them goes on.

    A terminal that was closed is an error of its own kind. What the stream cannot encode (half of a
    surrogate pair, a letter that a C locale lacks) is printed as Python escapes it.
    """
    encoding = stream.encoding or "utf-8"
    text = text.encode(encoding, "backslashreplace").decode(encoding)
    try:
        print(text, file=stream, flush=True)
    except OSError as error:
        if error.errno not in (errno.EPIPE, errno.EIO):
            raise
        discard(stream)


def discard(stream: TextIO) -> None:
    """Ensures that what nobody reads any more (`… | head`) is no error, now or at Python's end.

    Source: https://docs.python.org/3/library/signal.html#note-on-sigpipe
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


@contextmanager
def ends_in_order() -> Iterator[None]:
    """Ensures that SIGTERM, SIGHUP and Control-C unwind the command, the first two with 128 and theirs.

    What is ignored (SIGHUP under nohup) stays so. SIGQUIT ends a command that hangs, at once.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    ending = _Ending()
    heard = [one for one in _ENDS if signal.getsignal(one) is not signal.SIG_IGN]
    before = [(one, signal.signal(one, ending.hear)) for one in heard]
    try:
        yield
    except BaseException:
        ending.come()
        raise
    finally:
        for one, handler in before:
            signal.signal(one, handler)
    ending.come()


class _Ending:
    """The end that a signal asked for.

    While an event loop runs its tasks are cancelled, as asyncio does for Control-C: what a handler
    raises in the middle of a driver's own code is lost there, or ends the process. Whatever comes of
    that is the end that was asked for. A second signal does not wait.
    Source: https://docs.python.org/3/library/asyncio-runner.html#handling-keyboard-interruption
    """

    def __init__(self) -> None:
        self._asked: BaseException | None = None

    def hear(self, number: int, _: FrameType | None) -> None:
        """Handle the signal."""
        end = KeyboardInterrupt() if number == signal.SIGINT else Terminated(128 + number)
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            raise end from None
        if self._asked is not None:
            raise end
        self._asked = end
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.call_soon_threadsafe(lambda: None)  # it may be waiting for the server

    def come(self) -> None:
        """Raise the end that was asked for, if any."""
        if self._asked is not None:
            raise self._asked from None
