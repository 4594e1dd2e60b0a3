"""Run the command in a child process, and believe only a result that the child confirms.

Revisions, models and env.py are the project's own Python: it may end or replace its process, crash,
hang, or ignore signals. This process imports nothing of it. An exit code of 0 or 1 therefore means
that the command has come to its end, and one Control-C or SIGTERM always suffices.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from alembic_proof.supervised import COPY, PLACE, RESULT, TRUST, confirm, connect

_VARIABLE = "ALEMBIC_PROOF_SUPERVISOR"
"""Names the descriptors in the child's environment, and is removed there at once."""
_BROKEN = 2
_INTERRUPTED = 130
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_OF_THE_TERMINAL = frozenset({signal.SIGINT, signal.SIGHUP})
"""The terminal sends them to every process of its foreground group, the child included."""
_REPEAT_AFTER_S = 2.0
"""The first signal cancels what runs in an event loop; a second one interrupts it."""
_KILL_AFTER_S = 5.0
_KILL_AFTER_RESULT_S = 10.0
_READ_BYTES = 65536
_SHOW_CURSOR = "\x1b[?25h"


def main() -> int:
    """Run the command line in a child process; return its exit code, 2 if it has confirmed none."""
    descriptors = os.environ.pop(_VARIABLE, "")
    if not descriptors:
        return _supervise()
    connect(*map(int, descriptors.split(",")))
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)  # blocked while Python starts
        from alembic_proof.cli.main import main as run

        code = run()
    except KeyboardInterrupt:
        code = _INTERRUPTED
        _print(_word(signal.SIGINT))
    except SystemExit as exit_:  # wrong usage, --help, or a signal
        code = exit_.code if isinstance(exit_.code, int) else _BROKEN * bool(exit_.code)
    confirm(code)
    return code


def _supervise() -> int:
    """Start this program once more, and wait for it."""
    _open_standard_descriptors()
    signals = _note_signals()
    results, for_results = os.pipe()
    for_lifeline, lifeline = os.pipe()
    child = _start(for_results, for_lifeline)
    while child.is_alive:
        sources = [signals, results] if child.has_results else [signals]
        ready, _, _ = select.select(sources, [], [], child.seconds_left())
        if results in ready:
            child.read(os.read(results, _READ_BYTES))
        for number in os.read(signals, _READ_BYTES) if signals in ready else b"":
            child.handle(signal.Signals(number))
        child.enforce_limits()
    while child.has_results and select.select([results], [], [], 0)[0]:
        child.read(os.read(results, _READ_BYTES))
    child.end_rest()
    os.close(lifeline)
    return child.exit_code()


def _open_standard_descriptors() -> None:
    """Open those that are closed (`>&-`) on /dev/null: a pipe of ours must not get their numbers."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # noqa: FBT003


def _note_signals() -> int:
    """Have signals written into a pipe; return its other end. An ignored one stays ignored."""
    source, target = os.pipe()
    os.set_blocking(target, False)
    signal.set_wakeup_fd(target, warn_on_full_buffer=False)
    for number in _SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda *_: None)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    return source


def _start(results: int, lifeline: int) -> _Child:
    """Start this program with the same arguments, in a process group of its own off a terminal.

    In the foreground of a terminal the group is shared: another one could not read from it.
    """
    is_shared = _is_in_foreground()
    group: Any = {} if is_shared else {"setpgroup": 0}
    for descriptor in (results, lifeline):
        os.set_inheritable(descriptor, True)  # noqa: FBT003  it takes no keywords
    pid = os.posix_spawn(
        sys.executable,
        (sys.executable, *sys.orig_argv[1:]),
        os.environ | {_VARIABLE: f"{results},{lifeline}"},
        setsigmask=_SIGNALS,
        **group,
    )
    for descriptor in (results, lifeline):
        os.close(descriptor)
    return _Child(pid, has_own_group=not is_shared)


def _is_in_foreground() -> bool:
    """Return whether this process belongs to the foreground group of a terminal."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


@dataclass(slots=True)
class _Child:
    """The process of the command: what it has reported, and the signals that it was sent."""

    pid: int
    has_own_group: bool
    is_alive: bool = True
    status: int = 0
    """Its exit status; the negative number of the signal that ended it."""
    has_results: bool = True
    """Whether it, or a copy of it, can still report something."""
    result: int | None = None
    is_trusted: bool = False
    place: str = ""
    copies: list[int] = field(default_factory=list)
    requested: signal.Signals | None = None
    """The signal that asked the command to end."""
    is_killed: bool = False
    _repeat_at: float | None = None
    _kill_at: float | None = None
    _rest: bytes = b""

    def seconds_left(self) -> float | None:
        """Return the time until the next limit; None without one."""
        limits = [one for one in (self._repeat_at, self._kill_at) if one is not None]
        return max(0.0, min(limits) - time.monotonic()) if limits else None

    def read(self, data: bytes) -> None:
        """Read the lines that it has written; no data means that no process can write any more."""
        self.has_results = bool(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            word, _, text = line.decode(errors="replace").partition(" ")
            if word == RESULT:
                self.result = int(text)
                self._kill_at = self._kill_at or time.monotonic() + _KILL_AFTER_RESULT_S
            elif word == PLACE:
                self.place = text
            elif word == COPY:
                self.copies.append(int(text))
            self.is_trusted |= word == TRUST

    def handle(self, number: signal.Signals) -> None:
        """Handle a signal of this process: the child may have ended, or the command is to end."""
        if number == signal.SIGCHLD:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.is_alive, self.status = False, os.waitstatus_to_exitcode(status)
            return
        is_known = not self.has_own_group and number in _OF_THE_TERMINAL
        if not is_known and (self.is_trusted or self.requested is None):
            self._send(number)
        if self.requested is None and not self.is_trusted:
            self.requested, now = number, time.monotonic()
            self._repeat_at, self._kill_at = now + _REPEAT_AFTER_S, now + _KILL_AFTER_S

    def enforce_limits(self) -> None:
        """Repeat the signal, and kill the child, when the time has come."""
        now = time.monotonic()
        if self._repeat_at is not None and now >= self._repeat_at:
            self._repeat_at = None
            self._send(self.requested or signal.SIGTERM)
        if self._kill_at is not None and now >= self._kill_at:
            self._kill_at, self.is_killed = None, self.is_alive
            self._send(signal.SIGKILL)
            self.end_rest()

    def end_rest(self) -> None:
        """End copies of the child, and where it did not come to its end all processes of its group."""
        if self.has_results:
            for pid in self.copies:
                _kill(pid)
        if self.has_own_group and (self.requested or self.result is None) and not self.is_trusted:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)

    def _send(self, number: signal.Signals) -> None:
        if self.is_alive:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(self.pid, number)

    def exit_code(self) -> int:
        """Return the exit code of the command; print what the child cannot have printed."""
        if self.is_killed:
            _print_killed(self)
        if self.result is not None:
            return self.result
        if self.is_trusted:
            return self.status if self.status >= 0 else 128 - self.status
        if self.requested is not None:
            if not self.is_killed:
                _print(_word(self.requested))
            return 128 + self.requested
        _print_without_result(self)
        return _BROKEN


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)


def _word(number: signal.Signals | None) -> str:
    return "interrupted" if number == signal.SIGINT else "terminated"


def _print_killed(child: _Child) -> None:
    if child.result is not None:
        _print(
            "the process did not end after its result and was killed",
            where=child.place,
            todo="let the project's code leave no running thread",
        )
        return
    if sys.stdout is not None and sys.stdout.isatty():
        sys.stdout.write(_SHOW_CURSOR)
        sys.stdout.flush()
    _print(
        f"{_word(child.requested)}: the command had not ended after {_KILL_AFTER_S:g} s and was killed",
        where=child.place,
        todo="the next command drops the scratch databases that it has left",
    )


def _print_without_result(child: _Child) -> None:
    how = f"exit status {child.status}"
    if child.status < 0:
        how = f"killed by {signal.Signals(-child.status).name}"
    _print(
        f"the command ended without a result: {how}",
        where=child.place,
        todo="the project's code must not end or replace its process; after a crash look for the module "
        "that it called, after SIGKILL at the machine's memory",
    )


def _print(what: str, *, where: str = "", todo: str = "") -> None:
    from alembic_deploy.errors import DeployError

    with suppress(OSError):
        print(DeployError(what, where=where, todo=todo), file=sys.stderr, flush=True)  # noqa: T201
