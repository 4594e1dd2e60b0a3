"""Signals while a command line is still being imported; this module imports next to nothing."""

from __future__ import annotations

import os
import signal
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
_HARD_EXIT = os._exit


def exit_on_early_signals() -> None:
    """Let SIGTERM, SIGHUP and Control-C end the process with 143, 129 and 130 from now on.

    The first statement of an entry point, before its imports: nothing has to be rolled back.
    `exit_code_of` has handlers of its own while its command runs. An ignored signal stays ignored.
    """
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _exit)


def _exit(number: int, _: FrameType | None) -> None:
    _HARD_EXIT(128 + number)
