"""How a command's process ends: exit codes, signals, closed pipes, and exits in revisions."""

from __future__ import annotations

import asyncio
import errno
import json
import logging
import os
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

from alembic_deploy.entry_point import SIGNALS
from alembic_deploy.errors import DeployError, HistoryError, Terminated

if TYPE_CHECKING:
    from alembic.runtime.migration import RevisionStep

CLEAN = 0
BROKEN = 2
INTERRUPTED = 130
_HARD_EXIT = os._exit
_POOL_LOG = logging.getLogger("sqlalchemy.pool")
_LIMIT_S = 4.0
"""So that the process has ended 5 seconds after a signal."""
_PENDING: list[_PendingExit] = []
"""The pending exits of the blocks that handle signals now."""
_CANCELS: list[Callable[[], object]] = []
"""Functions that cancel what runs on the server now."""


def exit_code_of(run: Callable[[], int], *, prefix: str = "", is_json: bool = False) -> int:
    """Return what `run` returns; 2 for an error, 130 for Control-C.

        sys.exit(exit_code_of(main, prefix="shop-migrate: "))

    An error is one message on standard error. A bug of the program itself prints its traceback, and
    is 2 as well: 1 means that a check has found something.

    :param is_json: Print the message as an event on standard output instead, without the prefix.
    :raises Terminated: SIGTERM or SIGHUP, with exit code 143 or 129.
    """

    def report(text: str, code: int) -> int:
        return _report(text, code, prefix=prefix, is_json=is_json)

    try:
        _refuse_closed_output()
        with unwind_on_signals():
            code = run()
            sys.stdout.flush()
    except Terminated as exit_:
        report(_noted("terminated", exit_), int(exit_.code or BROKEN))
        raise
    except KeyboardInterrupt as exit_:
        return report(_noted("interrupted", exit_), INTERRUPTED)
    except BrokenPipeError:
        discard_output(sys.stdout)
        return CLEAN
    except Exception as error:
        from alembic.util import CommandError  # here, because a command may need no Alembic

        full = _unwritable_output(error)
        if full is not None:
            return _report(str(full), BROKEN, prefix=prefix)
        if isinstance(error, (CommandError, DeployError)):
            return report(str(error), BROKEN)
        return _report(traceback.format_exc().rstrip(), BROKEN, is_json=is_json)
    return code


def _report(text: str, code: int, *, prefix: str = "", is_json: bool = False) -> int:
    """Print the message of a command's end, if it can be printed; return the exit code."""
    with suppress(OutputError):
        if is_json:
            write_line(sys.stdout, error_line(text, exit_code=code))
        else:
            write_line(sys.stderr, f"{prefix}{text}")
    return code


def _refuse_closed_output() -> None:
    """Refuse to work where nobody can read the result; open /dev/null for each closed stream.

    Otherwise the next socket gets its number, and what a C library prints there.

    :raises OutputError: Standard output is closed.
    """
    is_closed = sys.__stdout__ is None and sys.stdout is None
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            stream = Path(os.devnull).open(mode, encoding="utf-8")  # noqa: SIM115  it stays open
            setattr(sys, name, stream)
    if is_closed:
        raise OutputError(
            "standard output is closed: nothing has run", todo="redirect it instead: >/dev/null"
        )


def _unwritable_output(error: Exception) -> OutputError | None:
    """Return the error of a standard output that takes nothing any more; None for another error."""
    if isinstance(error, OutputError):
        return error
    if isinstance(error, OSError):
        try:
            sys.stdout.flush()
        except OSError as refused:
            discard_output(sys.stdout)
            return _output_error(refused)
    return None


def _output_error(error: OSError) -> OutputError:
    return OutputError(
        f"cannot write the output: {error.strerror}",
        todo="make room, or redirect it; the command `current` shows what has been done",
    )


def error_line(text: str, *, exit_code: int) -> str:
    """Return the event of a command's end by an error or a signal, as one JSON object."""
    return json.dumps({"event": "error", "exit_code": exit_code, "message": text})


def write_line(stream: TextIO, text: str) -> None:
    """Print whole lines; a closed pipe or terminal does not stop the work that is reported.

    A character that the stream cannot encode is printed as Python escapes it.

    :raises OutputError: The stream takes nothing for another reason, such as a full disk.
    """
    encoding = stream.encoding or "utf-8"
    text = text.encode(encoding, "backslashreplace").decode(encoding)
    try:
        print(text, file=stream, flush=True)
    except OSError as error:
        discard_output(stream)
        if error.errno not in (errno.EPIPE, errno.EIO):
            raise _output_error(error) from error


def discard_output(stream: TextIO) -> None:
    """Redirect the stream to /dev/null, so that a closed pipe (`… | head`) is no error any more.

    Source: https://docs.python.org/3/library/signal.html#note-on-sigpipe
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


@contextmanager
def unwind_on_signals() -> Iterator[None]:
    """Let SIGTERM, SIGHUP and Control-C raise in this block, so that `finally` and rollback run.

    An ignored signal (SIGHUP under nohup) stays ignored. SIGQUIT still ends a command that hangs.

    :raises Terminated: SIGTERM or SIGHUP, with exit code 143 or 129.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pending = _PendingExit()
    level = _POOL_LOG.level
    handled = [one for one in SIGNALS if signal.getsignal(one) is not signal.SIG_IGN]
    before = [(one, signal.signal(one, pending.handle)) for one in handled]
    _PENDING.append(pending)
    try:
        yield
    except BaseException as error:
        pending.raise_pending(notes=_notes_of(error))
        raise
    finally:
        _PENDING.remove(pending)
        pending.has_ended.set()
        _POOL_LOG.setLevel(level)
        for one, handler in before:
            signal.signal(one, handler)
    pending.raise_pending()


@contextmanager
def exit_on_signals() -> Iterator[None]:
    """Do as `unwind_on_signals` for a command line that is not ours, which knows no exit codes.

    :raises Terminated: A signal, with exit code 143, 129 or 130, after one message.
    """
    try:
        with unwind_on_signals():
            yield
    except KeyboardInterrupt as exit_:
        write_line(sys.stdout, f"FAILED: {_noted('interrupted', exit_)}")
        raise Terminated(INTERRUPTED) from None
    except Terminated as exit_:
        write_line(sys.stdout, f"FAILED: {_noted('terminated', exit_)}")
        raise


@contextmanager
def prompt_exit(
    *, describe: Callable[[], str], limit_s: float = _LIMIT_S, is_json: bool = False
) -> Iterator[None]:
    """End the process at most `limit_s` seconds after a signal that comes in this block.

    What follows the block in `unwind_on_signals` is a part of that time. A network that carries
    nothing any more can hold up a driver for longer than a scheduler waits before SIGKILL; and
    psycopg2 waits in C, where Python's signal handlers do not run.
    Works inside of `unwind_on_signals` only.

    :param describe: Names what was running, for the message.
    :param is_json: As in `exit_code_of`.
    Source: https://docs.python.org/3/library/signal.html#signal.set_wakeup_fd
    """
    if not _PENDING or threading.current_thread() is not threading.main_thread():
        yield
        return
    reader, writer = socket.socketpair()
    writer.settimeout(0)
    watch = threading.Thread(
        target=_end_after_signal,
        args=(reader, _PENDING[0].has_ended, describe, limit_s),
        kwargs={"is_json": is_json},
        name="signal watch",
        daemon=True,
    )
    before = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    watch.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        writer.close()


@contextmanager
def cancelled_on_signal(cancel: Callable[[], object] | None) -> Iterator[None]:
    """Call `cancel` in a thread when a signal comes in this block, inside of `prompt_exit`.

    :param cancel: Cancels the statement that runs on the server; None where the driver's task is
        cancelled instead.
    """
    if cancel is None:
        yield
        return
    _CANCELS.append(cancel)
    try:
        yield
    finally:
        _CANCELS.remove(cancel)


def _end_after_signal(
    reader: socket.socket,
    has_ended: threading.Event,
    describe: Callable[[], str],
    limit_s: float,
    *,
    is_json: bool,
) -> None:
    """Wait for a signal; then cancel what runs on the server, and end the process if it hangs."""
    with reader:
        while numbers := reader.recv(16):
            number = next((one for one in numbers if one in SIGNALS), None)
            if number is None:
                continue
            for cancel in tuple(_CANCELS):
                threading.Thread(target=_call_quietly, args=(cancel,), daemon=True).start()
            if has_ended.wait(limit_s):
                return
            code = 128 + number
            what = "interrupted" if number == signal.SIGINT else "terminated"
            text = f"{what}; the outcome of {describe()} is not known: run the command `current`"
            line = error_line(text, exit_code=code) if is_json else text
            os.write(1 if is_json else 2, f"{line}\n".encode(errors="backslashreplace"))
            _HARD_EXIT(code)


def _call_quietly(cancel: Callable[[], object]) -> None:
    with suppress(Exception):  # the connection may be gone already
        cancel()


def _forget_signal_watch() -> None:
    """Keep the signals of a forked copy of the process from the original's signal watch."""
    if _PENDING:
        signal.set_wakeup_fd(-1)


os.register_at_fork(after_in_child=_forget_signal_watch)


def _notes_of(error: BaseException) -> tuple[str, ...]:
    return tuple(getattr(error, "__notes__", ()))


def _noted(what: str, error: BaseException) -> str:
    return "\n".join((what, *_notes_of(error)))


class _PendingExit:
    """The exit that a signal requests.

    While an event loop runs its tasks are cancelled, as asyncio does for Control-C: an exception
    that a handler raises inside of a driver's code is lost there, or ends the process. Whatever
    error comes of the cancellation, the requested exit replaces it. A second signal does not wait.
    Source: https://docs.python.org/3/library/asyncio-runner.html#handling-keyboard-interruption
    """

    def __init__(self) -> None:
        self._requested: BaseException | None = None
        self.has_ended = threading.Event()
        """Set at the end of the block that handles signals."""

    def handle(self, number: int, _: FrameType | None) -> None:
        """Handle the signal."""
        _POOL_LOG.setLevel(logging.CRITICAL)  # it logs a close that ends here as an error
        exit_ = KeyboardInterrupt() if number == signal.SIGINT else Terminated(128 + number)
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            raise exit_ from None
        if self._requested is not None:
            raise exit_
        self._requested = exit_
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.call_soon_threadsafe(lambda: None)  # it may be waiting for the server

    def raise_pending(self, *, notes: tuple[str, ...] = ()) -> None:
        """Raise the requested exit, if there is one, with the notes of the error that it replaces."""
        if self._requested is not None:
            for note in notes:
                self._requested.add_note(note)
            raise self._requested from None


class CheckedOutput:
    """A text stream that reports a failed write: Alembic itself ignores it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write; a closed pipe or terminal does not stop the work that is reported.

        :raises OutputError: The stream takes nothing for another reason, such as a full disk.
        """
        try:
            return self._stream.write(text)
        except OSError as error:
            discard_output(self._stream)
            if error.errno not in (errno.EPIPE, errno.EIO):
                raise _output_error(error) from error
            return len(text)


class OutputError(DeployError):
    """A standard stream that cannot be written."""


class ExitError(HistoryError):
    """A revision or env.py that ends the process instead of raising an exception."""

    def __init__(self, call: str, *, who: str = "it", where: str = "") -> None:
        super().__init__(
            f"{who} ends the process, {call}, instead of raising an exception",
            where=where,
            todo="let it raise one" if where else "",
        )
        self.call = call


class HardExit(SystemExit):
    """The exception that `os._exit()` raises in a block that refuses exits."""

    def __str__(self) -> str:
        return f"os._exit({self.code!r})"


@contextmanager
def refused_exits() -> Iterator[None]:
    """Turn `sys.exit()` and `os._exit()` inside of this block into an error, whatever their code.

    Without it, an exit with 0 in a revision ends a command with success that did nothing. The exit
    that a signal requests passes. A copy of the process that `os.fork()` made inside of the block
    ends with it: it would run the rest of the command on the same connection.

    :raises ExitError: The code inside of the block called one of them.
    """
    pid = os.getpid()
    try:
        with _hard_exits_raised():
            yield
    except Terminated:
        raise
    except SystemExit as exit_:
        call = str(exit_) if isinstance(exit_, HardExit) else f"sys.exit({exit_.code!r})"
        raise ExitError(call).with_traceback(exit_.__traceback__) from exit_
    finally:
        if os.getpid() != pid:
            _end_copy()


@contextmanager
def _hard_exits_raised() -> Iterator[None]:
    """Let `os._exit()` raise in this block; a copy of the process or another thread still exits."""
    hard_exit = os._exit
    here = os.getpid(), threading.get_ident()

    def raise_exit(status: int) -> NoReturn:
        if (os.getpid(), threading.get_ident()) != here:
            hard_exit(status)
        raise HardExit(status)

    os._exit = raise_exit
    try:
        yield
    finally:
        os._exit = hard_exit


def _end_copy() -> NoReturn:
    """End a copy of the process without cleaning up: the connections are the original's."""
    what = (
        "a copy of this process, made by os.fork(), returned from the project's code: it is ended"
    )
    write_line(sys.stderr, what)
    os._exit(BROKEN)


def refuse_exits_of(step: RevisionStep) -> RevisionStep:
    """Return the step itself, with a revision that can no longer end the process."""
    migrate: Callable[..., Any] = step.migration_fn

    def run(**arguments: Any) -> None:
        with refused_exits():
            migrate(**arguments)

    step.migration_fn = run
    return step


@contextmanager
def passed_interruptions() -> Iterator[None]:
    """Raise the interruption itself where an error in this block was caused by one."""
    try:
        yield
    except Exception as error:
        if (interruption := _interruption_behind(error)) is not None:
            raise interruption from None
        raise


def _interruption_behind(error: BaseException) -> BaseException | None:
    """Return Control-C or a signal's exit among the causes and contexts of the error."""
    seen: dict[int, BaseException] = {}
    waiting: list[BaseException | None] = [error]
    while waiting:
        behind = waiting.pop()
        if isinstance(behind, KeyboardInterrupt | Terminated):
            return behind
        if behind is not None and id(behind) not in seen:
            seen[id(behind)] = behind
            waiting += [behind.__cause__, behind.__context__]
    return None
