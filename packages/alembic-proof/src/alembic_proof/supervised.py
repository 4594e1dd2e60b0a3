"""What a command reports to the process that supervises it; nothing where no process does.

See `alembic_proof.supervisor`. The lines go through a pipe that programs started from here do not
inherit; copies that `os.fork()` makes do.
"""

from __future__ import annotations

import fcntl
import os
import sys
from contextlib import suppress

RESULT, TRUST, PLACE, COPY = "result", "trust", "place", "copy"
"""The first words of the lines: with the exit code; without more; with a text; with a process id."""
_pipe: list[int] = []
"""The descriptor of the pipe, and the process that may confirm a result; empty without a supervisor."""


def connect(results: int, lifeline: int) -> None:
    """Report to the supervisor from now on, and end when it ends.

    :param results: The end of the pipe for the lines.
    :param lifeline: The end of a pipe that the supervisor keeps open as long as it lives.
    """
    for descriptor in (results, lifeline):
        os.set_inheritable(descriptor, False)  # noqa: FBT003  it takes no keywords
    _pipe[:] = results, os.getpid()
    os.register_at_fork(after_in_child=lambda: _write(COPY, str(os.getpid())))
    # The kernel sends SIGIO when the supervisor is killed and its end is closed. That ends even a
    # process which runs no Python any more; macOS ignores SIGIO by default, and the command goes on.
    has_own_group = os.getpgrp() == os.getpid()
    with suppress(OSError):
        fcntl.fcntl(lifeline, fcntl.F_SETOWN, -os.getpid() if has_own_group else os.getpid())
        fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)


def note_running(place: str) -> None:
    """Report which of the project's code runs from now on."""
    _write(PLACE, place.replace("\n", " "))


def trust_exit_code() -> None:
    """Report that this process becomes another program, whose exit code is the command's."""
    _write(TRUST)


def confirm(code: int) -> None:
    """Report that the command has ended with this exit code; a copy of its process cannot."""
    with suppress(OSError, ValueError):
        sys.stdout.flush()
    if _pipe[1:] == [os.getpid()]:
        _write(RESULT, str(code))


def _write(*words: str) -> None:
    if _pipe:
        with suppress(OSError):  # a supervisor that was killed
            os.write(_pipe[0], f"{' '.join(words)}\n".encode(errors="replace"))
