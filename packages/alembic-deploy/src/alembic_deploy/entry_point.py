"""The first and the last moments of an installed command; this module imports next to nothing."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
_SIGNAL_CODES = tuple(128 + number for number in SIGNALS)
_HARD_EXIT = os._exit


def run_entry_point(command: Callable[[], int]) -> int:
    """Return the exit code of the command; end the process here if that is a signal's.

    While the command is still being imported, SIGTERM, SIGHUP and Control-C end the process with
    143, 129 and 130: nothing has to be rolled back. `exit_code_of` has handlers of its own. After a
    signal Python does not clean up, which takes seconds on a busy machine.

    :param command: Imports what it needs, then runs.
    """
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _exit_by_signal)
    try:
        code = command()
    except SystemExit as exit_:
        if exit_.code not in _SIGNAL_CODES:
            raise
        code = int(exit_.code)
    if code in _SIGNAL_CODES:
        for stream in filter(None, (sys.stdout, sys.stderr)):
            with suppress(OSError, ValueError):
                stream.flush()
        _HARD_EXIT(code)
    return code


def _exit_by_signal(number: int, _: FrameType | None) -> None:
    _HARD_EXIT(128 + number)
