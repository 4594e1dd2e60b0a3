"""Let one process work at a time, by a lock that the kernel releases when its holder ends."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local_postgres.errors import ServerError


@contextmanager
def exclusive(path: Path, *, timeout_s: float = 300) -> Iterator[None]:
    """Hold the lock of a file for the length of the block; the file is made unless it exists.

    :raises ServerError: Another process held it for all of `timeout_s`.

    Locks: flock on `path`, exclusive.
    """
    deadline = time.monotonic() + timeout_s
    with path.open("a") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise _held(path, timeout_s) from None
                time.sleep(0.05)
        yield


def _held(path: Path, timeout_s: float) -> ServerError:
    return ServerError(
        f"another process has held a lock for more than {timeout_s:.0f} s",
        where=str(path),
        todo="end the command that hangs, then try again",
    )
