"""A revision that ends the process, and errors that an interruption causes."""

from __future__ import annotations

import asyncio
import logging
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from alembic_deploy.errors import HistoryError, Terminated
from alembic_deploy.process_exit import (
    passed_interruptions,
    refused_exits,
    unwind_on_signals,
)

if TYPE_CHECKING:
    from tests.conftest import Project

_HARD_EXIT = os._exit


@pytest.mark.parametrize("code", [0, 1, None, "bye"])
def test_an_exit_is_an_error(code: object) -> None:
    """Whatever its code, the exit leaves as an error that names it."""
    with pytest.raises(HistoryError, match="ends the process"), refused_exits():
        sys.exit(code)  # type: ignore[arg-type]  # sys.exit takes anything


@pytest.mark.parametrize("code", [0, 3])
def test_an_exit_without_cleanup_is_an_error(code: int) -> None:
    """Also the function that ends a process at once, whatever handlers there are."""
    with (
        pytest.raises(HistoryError, match=rf"ends the process, os\._exit\({code}\)"),
        refused_exits(),
    ):
        os._exit(code)

    assert os._exit is _HARD_EXIT


_IN_BLOCK = """
import os, sys, threading
from alembic_deploy.process_exit import refused_exits
with refused_exits():
    {line}
print("went on", flush=True)
"""


@pytest.mark.parametrize(
    ("line", "code", "out"),
    [
        ("pid = os.fork()", 0, "went on\n"),
        ("pid = os.fork() or os._exit(0)", 0, "went on\n"),
        ("threading.Thread(target=os._exit, args=(5,)).start(); threading.Event().wait()", 5, ""),
    ],
)
def test_a_copy_of_the_process_ends_with_the_block(line: str, code: int, out: str) -> None:
    """It would go on with the original's connection. Copies and threads may exit as they like."""
    program = [sys.executable, "-c", _IN_BLOCK.format(line=line)]
    done = subprocess.run(program, capture_output=True, text=True, check=False, timeout=60)

    assert (done.returncode, done.stdout) == (code, out)
    is_copy_told = "a copy of this process, made by os.fork(), returned" in done.stderr
    assert is_copy_told == line.endswith("os.fork()")


def test_a_signal_still_ends_the_process() -> None:
    """The exit that SIGTERM raises passes."""
    with pytest.raises(Terminated), refused_exits():
        raise Terminated(143)


_WAIT = """
import os, time
from alembic_deploy.process_exit import prompt_exit, unwind_on_signals
with unwind_on_signals(), prompt_exit(describe=lambda: "the work", limit_s=0.5):
    if os.fork() == 0:
        print(os.getpid(), flush=True)  # from now on its signals are its own
        time.sleep(600)
    try:
        os.wait()
        time.sleep(2)
    finally:
        time.sleep({cleanup_s})
"""


@pytest.fixture
def waiting(request: pytest.FixtureRequest) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Yield a process that waits for its copy, and the copy's pid."""
    program = [sys.executable, "-c", _WAIT.format(cleanup_s=request.param)]
    pipe = subprocess.PIPE
    with subprocess.Popen(program, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        yield process, child
        for pid in (child, process.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize(("waiting", "is_ended"), [(0, False), (600, True)], indirect=["waiting"])
def test_what_hangs_after_a_signal_is_ended(
    waiting: tuple[subprocess.Popen[str], int], *, is_ended: bool
) -> None:
    """Its end says that the outcome is not known; what does not hang ends by itself."""
    process, child = waiting

    process.send_signal(signal.SIGTERM)
    code = process.wait(60)
    os.kill(child, signal.SIGKILL)

    assert code == 143
    assert process.stderr is not None
    text = "terminated; the outcome of the work is not known: run the command `current`\n"
    assert (process.stderr.read() == text) is is_ended


@pytest.mark.parametrize("waiting", [0], indirect=True)
def test_a_signal_of_a_copy_is_its_own(waiting: tuple[subprocess.Popen[str], int]) -> None:
    """A copy made by os.fork() that gets SIGTERM does not end its original."""
    process, child = waiting

    os.kill(child, signal.SIGTERM)

    assert process.wait(60) == 0


def _close(*, is_signalled: bool) -> None:
    """Do as SQLAlchemy's pool, which logs whatever ends a close."""
    try:
        if is_signalled:
            os.kill(os.getpid(), signal.SIGTERM)
    finally:
        logging.getLogger("sqlalchemy.pool.impl.NullPool").error("Exception closing connection")


async def _close_in_a_loop(*, is_signalled: bool) -> None:
    _close(is_signalled=is_signalled)


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("is_signalled", [False, True])
def test_a_close_that_a_signal_ends_is_not_logged(
    caplog: pytest.LogCaptureFixture, *, is_signalled: bool, is_async: bool
) -> None:
    """SQLAlchemy's pool would print its traceback; any other failure of a close is logged."""
    with pytest.raises(Terminated) if is_signalled else nullcontext(), unwind_on_signals():
        if is_async:
            asyncio.run(_close_in_a_loop(is_signalled=is_signalled))
        else:
            _close(is_signalled=is_signalled)

    assert len(caplog.records) == (not is_signalled)


@pytest.mark.parametrize("end", [KeyboardInterrupt(), Terminated(143)])
def test_an_error_out_of_an_interruption_is_the_interruption(end: BaseException) -> None:
    """An interrupted driver closes its connection, and ending the transaction then fails."""
    with pytest.raises(type(end)) as caught, passed_interruptions():
        _run_env(end)

    assert caught.value is end


def test_any_other_error_stays_what_it_is() -> None:
    """Also one with a history of its own."""
    with pytest.raises(HistoryError) as caught, passed_interruptions():
        _run_env(ValueError("a value"))

    assert isinstance(caught.value.__cause__, ConnectionError)


def _run_env(end: BaseException) -> None:
    try:
        _close_while_ending(end)
    except ConnectionError as error:
        raise HistoryError("env.py cannot run") from error


def _close_while_ending(end: BaseException) -> None:
    try:
        raise end
    finally:
        raise ConnectionError("the connection is closed")


_HISTORY = "exec {python} -m alembic_deploy --config {ini} {command} {redirected}"


@pytest.mark.parametrize(("command", "unbuffered"), [("history", ""), ("upgrade", "1")])
@pytest.mark.parametrize(
    ("redirected", "code", "message"),
    [
        (">/dev/null", 0, ""),
        (">/dev/full", 2, "cannot write the output: No space left on device"),
        (">/dev/full 2>&1", 2, ""),
        (">&-", 2, "standard output is closed: nothing has run"),
        ("<&- >&- 2>&-", 2, ""),
    ],
)
def test_an_output_that_cannot_be_written(
    project: Project, command: str, unbuffered: str, redirected: str, code: int, message: str
) -> None:
    """It is one message where there is a place for it, and exit code 2; nothing is half applied."""
    if "/dev/full" in redirected and not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    project.add("things", upgrade='op.execute("CREATE TABLE public.things ()")')
    line = _HISTORY.format(
        python=shlex.quote(sys.executable),
        ini=shlex.quote(str(project.directory / "alembic.ini")),
        command=command,
        redirected=redirected,
    )
    environ = {**os.environ, "TRACKS_DATABASE_URL": project.url, "PYTHONUNBUFFERED": unbuffered}

    done = subprocess.run(["sh", "-c", line], env=environ, capture_output=True, text=True)

    assert done.returncode == code, done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert bool(project.tables) == (command == "upgrade" and code == 0)
