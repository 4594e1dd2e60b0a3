"""What a signal does to a command: the scratch databases go before the process does."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from alembic_proof.errors import Terminated


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
