"""How a command line ends: its exit code, and what a signal or a reader that leaves does to it."""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from alembic.util import CommandError

from alembic_proof.errors import ProofError, Terminated

BROKEN = 2
INTERRUPTED = 130


def exit_code_of(run: Callable[[], int], *, prefix: str = "") -> int:
    """What `run` returns; 2 for whatever is broken, 130 for Control-C, and 143 for SIGTERM.

    An error is one message on standard error. A fault of the program's own keeps its traceback, and
    is 2 as well: 1 would say that something was found.
    """
    try:
        with ends_in_order():
            code = run()
            sys.stdout.flush()
    except (ProofError, CommandError) as error:
        sys.stderr.write(f"{prefix}{error}\n")
        return BROKEN
    except KeyboardInterrupt:
        sys.stderr.write(f"{prefix}interrupted\n")
        return INTERRUPTED
    except BrokenPipeError:
        return _end_quietly()
    except Exception:
        traceback.print_exc()
        return BROKEN
    return code


@contextmanager
def ends_in_order() -> Iterator[None]:
    """Ensures that SIGTERM unwinds the command as an exit does, with code 143."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _exit)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _exit(number: int, _: FrameType | None) -> None:
    raise Terminated(128 + number)


def _end_quietly() -> int:
    """Clean: the reader has seen enough, as `head` does; Python must not flush to it at exit.

    Source: https://docs.python.org/3/library/signal.html#note-on-sigpipe
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0
