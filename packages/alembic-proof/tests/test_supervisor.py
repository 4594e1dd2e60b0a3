"""The process that supervises a command: only a result that the command confirms counts."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from alembic_proof import supervisor
from local_postgres.postmaster import is_alive

_PROGRAM = """
import os, signal, subprocess, sys, threading, time, types
from alembic_proof import supervised, supervisor
{limits}
def command():
{body}

sys.modules["alembic_proof.cli.main"] = types.SimpleNamespace(main=command)
sys.exit(supervisor.main())
"""
_IGNORE = """
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
"""
_SLEEP = "print('ready', os.getpid(), flush=True)\ntime.sleep(1000)"
_RUN_S = 60
_KILL_SOON = "supervisor._KILL_AFTER_S = 0.3"
_REPEAT_SOON = "supervisor._REPEAT_AFTER_S = 0.3"


def _command(body: str, *, limits: str = "") -> list[str]:
    """Return a command line that does this in the place of a command of alembic-proof.

    :param limits: statements that shorten the supervisor's limits.
    """
    lines = "\n".join(f"    {line}" for line in body.strip().splitlines())
    return [sys.executable, "-c", _PROGRAM.format(body=lines, limits=limits)]


def test_the_limits() -> None:
    """A command has time to clean up after the first signal and after the second one."""
    assert (supervisor._REPEAT_AFTER_S, supervisor._KILL_AFTER_S) == (2, 5)


def _run(body: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        _command(body),
        capture_output=True,
        text=True,
        check=False,
        timeout=_RUN_S,
        start_new_session=True,
    )


@pytest.mark.parametrize("code", [0, 1, 2, 130])
def test_a_confirmed_result_is_the_exit_code(code: int) -> None:
    """However the process ends after that; its output comes first."""
    done = _run(f"print('a verdict')\nimport atexit; atexit.register(os._exit, 9)\nreturn {code}")

    assert (done.returncode, done.stdout, done.stderr) == (code, "a verdict\n", "")


def test_an_exit_of_the_command_line_is_its_result() -> None:
    """--help ends with 0, wrong usage with 2, a signal with its own code."""
    assert [_run(f"sys.exit({code})").returncode for code in (None, 0, 2, 143)] == [0, 0, 2, 143]


@pytest.mark.parametrize(
    ("body", "how"),
    [
        ("os._exit(0)", "exit status 0"),
        ("os.execv('/bin/sh', ['sh', '-c', 'exit 0'])", "exit status 0"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "killed by SIGSEGV"),
        ("os.closerange(3, 100); return 0", "exit status 0"),
    ],
)
def test_an_end_without_a_result_is_an_error(body: str, how: str) -> None:
    """The message names the code of the project that ran last."""
    done = _run(f"supervised.note_running('0002_b.py, upgrade()')\n{body}")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"the command ended without a result: {how}\n")
    assert "\n  where: 0002_b.py, upgrade()\n  help: " in done.stderr


def test_a_copy_of_the_process_confirms_nothing() -> None:
    """A copy that os.fork() made comes to its end with 0, and the process itself does not."""
    done = _run("if os.fork():\n    os.wait()\n    os._exit(0)\nreturn 0")

    assert done.returncode == 2
    assert done.stderr.startswith("the command ended without a result")


def test_a_copy_does_not_outlive_the_command() -> None:
    """It has the connections of the command, and keeps a pipe behind it open."""
    done = _run("pid = os.fork()\nif not pid:\n    time.sleep(1000)\nprint(pid)\nreturn 0")

    assert done.returncode == 0
    assert _ends(int(done.stdout))


def test_a_program_that_the_command_starts_may_outlive_it() -> None:
    """For example an agent, as it does without a supervisor."""
    body = "print(subprocess.Popen(['sleep', '1000'], stdout=2, stderr=2).pid)\nreturn 0"
    done = subprocess.run(
        _command(body), stdout=subprocess.PIPE, text=True, check=False, timeout=_RUN_S
    )
    pid = int(done.stdout)

    assert done.returncode == 0
    assert is_alive(pid)
    os.kill(pid, signal.SIGKILL)


def test_the_exit_code_of_a_program_in_the_command_s_place_can_be_trusted() -> None:
    """`alembic-proof server shell` becomes psql."""
    done = _run("supervised.trust_exit_code()\nos.execv('/bin/sh', ['sh', '-c', 'exit 7'])")

    assert (done.returncode, done.stderr) == (7, "")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_does_not_get_the_pipe_for_the_result(closed: str) -> None:
    """What the command prints there would be read as its result."""
    body = "os.write(1, b'result 0\\n'); os.write(2, b'result 0\\n')\nreturn 3"
    shell = ["/bin/sh", "-c", f'"$@" {closed}', "sh", *_command(body)]
    done = subprocess.run(shell, capture_output=True, check=False, timeout=_RUN_S)

    assert done.returncode == 3


def test_the_command_does_not_see_that_it_is_supervised() -> None:
    """Another alembic-proof below it, as in a test, has a supervisor of its own."""
    done = _run("print([one for one in os.environ if 'SUPERV' in one])\nreturn 0")

    assert done.stdout == "[]\n"


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start a command; what still runs of it is killed at the end."""
    started: list[subprocess.Popen[str]] = []

    def start_(body: str, *, limits: str = "") -> subprocess.Popen[str]:
        process = subprocess.Popen(
            _command(body, limits=limits),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield start_
    for process in started:
        process.kill()
        process.communicate()


Start = Callable[..., subprocess.Popen[str]]


def _first_line(process: subprocess.Popen[str]) -> list[int]:
    """Return the process ids in the first line that the command prints."""
    assert process.stdout is not None
    return [int(word) for word in process.stdout.readline().split()[1:]]


@pytest.mark.parametrize(
    ("number", "code", "word"),
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")],
)
def test_one_signal_ends_a_command_that_sleeps(
    start: Start, number: signal.Signals, code: int, word: str
) -> None:
    """The command has the time to clean up, and its own message is the only one."""
    process = start(
        "from alembic_deploy.process_exit import exit_code_of\n"
        "def run():\n    try:\n        " + _SLEEP.replace("\n", "\n        ") + "\n"
        "    finally:\n        print('cleaned up')\n"
        "return exit_code_of(run)"
    )
    _first_line(process)
    process.send_signal(number)
    out, err = process.communicate(timeout=_RUN_S)

    assert (process.returncode, out, err) == (code, "cleaned up\n", f"{word}\n")


def test_a_second_signal_interrupts_code_in_an_event_loop(start: Start) -> None:
    """The first one cancels the task, which a time.sleep() in a revision does not notice."""
    process = start(
        "import asyncio\n"
        "from alembic_deploy.process_exit import exit_code_of\n"
        "async def sleep():\n    " + _SLEEP.replace("\n", "\n    ") + "\n"
        "return exit_code_of(lambda: asyncio.run(sleep()))",
        limits=_REPEAT_SOON,
    )
    _first_line(process)
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=_RUN_S)

    assert (process.returncode, err) == (143, "terminated\n")
    assert time.monotonic() - began >= 0.3  # the first signal alone did not do it


def test_one_signal_ends_a_command_that_ignores_it(start: Start) -> None:
    """Also the programs and copies that it has started; the message says where the command hung."""
    process = start(
        f"{_IGNORE}\nsupervised.note_running('0002_b.py, upgrade()')\n"
        "pids = os.getpid(), subprocess.Popen(['sleep', '1000']).pid, os.fork()\n"
        "if pids[-1]:\n    print('ready', *pids, flush=True)\n"
        "while True: pass",
        limits=_KILL_SOON,
    )
    pids = _first_line(process)
    assert all(map(is_alive, pids))  # the control: they live until the signal
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=_RUN_S)

    assert process.returncode == 130
    assert time.monotonic() - began >= 0.3
    assert err.startswith("interrupted: the command had not ended after 0.3 s and was killed\n")
    assert "\n  where: 0002_b.py, upgrade()\n" in err
    assert all(map(_ends, pids))


_STARTING = """
if "ALEMBIC_PROOF_SUPERVISOR" in os.environ:
    print("starting", flush=True)
    time.sleep(0.3)
"""


def test_a_signal_while_python_starts_is_one_message() -> None:
    """The signal waits until the command can handle it: no traceback from inside of an import."""
    *python, program = _command("print('ran')\nreturn 0")
    slow = program.replace("sys.exit(", f"{_STARTING}\nsys.exit(")
    process = subprocess.Popen(
        [*python, slow],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "starting\n"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=_RUN_S)

    assert (process.returncode, out, err) == (130, "", "interrupted\n")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere SIGIO ends no process by default")
def test_the_command_ends_with_a_supervisor_that_is_killed(start: Start) -> None:
    """As it did when it was the same process."""
    process = start(f"{_IGNORE}\n{_SLEEP}")
    pids = _first_line(process)
    process.kill()
    process.communicate(timeout=_RUN_S)

    assert all(map(_ends, pids))


def _ends(pid: int) -> bool:
    """Return whether the process is gone, or is soon."""
    deadline = time.monotonic() + 10
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not is_alive(pid)


_ON_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
    "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
)
"""Makes standard input the controlling terminal of a new session, and becomes another program."""


def _on_terminal(body: str, *, after: str, keys: bytes, limits: str = "") -> tuple[int, str]:
    """Run the command on a terminal and press the keys when it has printed the text.

    Return its exit code, and what the terminal shows.
    """
    terminal, own_end = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", _ON_TERMINAL, *_command(body, limits=limits)[1:]],
        stdin=own_end,
        stdout=own_end,
        stderr=own_end,
        start_new_session=True,
    )
    os.close(own_end)
    shown = ""
    while select.select([terminal], [], [], _RUN_S)[0]:
        try:
            data = os.read(terminal, 4096).decode()
        except OSError:  # nobody has the terminal open any more
            break
        if not data:
            break
        shown += data
        if keys and after in shown:
            os.write(terminal, keys)
            keys = b""
    os.close(terminal)
    return process.wait(timeout=_RUN_S), shown.replace("\r\n", "\n")


def test_a_question_on_a_terminal_can_be_answered() -> None:
    """The command reads from the terminal as if nobody supervised it."""
    code, shown = _on_terminal("return int(input('how many? '))", after="how many?", keys=b"3\n")

    assert (code, shown) == (3, "how many? 3\n")


def test_control_c_on_a_terminal_interrupts_the_command_once() -> None:
    """The terminal sends the signal to both processes; the command cleans up undisturbed."""
    body = (
        "from alembic_deploy.process_exit import exit_code_of\n"
        "def run():\n    try:\n        " + _SLEEP.replace("\n", "\n        ") + "\n"
        "    finally:\n        time.sleep(0.2)\n        print('cleaned up')\n"
        "return exit_code_of(run)"
    )
    code, shown = _on_terminal(body, after="ready", keys=b"\x03")

    assert code == 130
    assert shown.endswith("cleaned up\ninterrupted\n")
    assert (shown.count("cleaned up"), shown.count("interrupted")) == (1, 1)


def test_control_c_on_a_terminal_ends_a_command_that_ignores_it() -> None:
    """The cursor, which a progress bar hides, is shown again."""
    code, shown = _on_terminal(
        f"{_IGNORE}\n{_SLEEP}", after="ready", keys=b"\x03", limits=_KILL_SOON
    )

    assert code == 130
    assert "\x1b[?25hinterrupted: the command had not ended after 0.3 s" in shown


_ENDS = """\
import os
from alembic import op
revision, down_revision = "0001", None
def upgrade() -> None:
    op.execute("CREATE TABLE users (id int PRIMARY KEY)")
    {line}
def downgrade() -> None:
    op.execute("DROP TABLE users")
"""


@pytest.mark.parametrize(
    ("line", "code", "text"),
    [
        ("os.execv('/bin/sh', ['sh', '-c', ''])", 2, "where: 0001_users.py, upgrade()"),
        ("os.fork()", 0, "a copy of this process, made by os.fork(), returned"),
    ],
)
def test_a_revision_that_ends_the_process_is_no_success(
    tmp_path: Path, server_url: str, line: str, code: int, text: str
) -> None:
    """The installed command, with a real round trip."""
    project = Path(__file__).parent / "cases/project"
    for path in project.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "versions").mkdir()
    (tmp_path / "versions/0001_users.py").write_text(_ENDS.format(line=line), encoding="utf-8")
    done = subprocess.run(
        [Path(sys.executable).with_name("alembic-proof"), "roundtrip"],
        cwd=tmp_path,
        env=os.environ | {"CASE_SCRATCH_URL": server_url},
        capture_output=True,
        text=True,
        check=False,
        timeout=_RUN_S,
    )

    assert done.returncode == code, done.stderr
    assert text in done.stdout + done.stderr.replace("versions/", "")
    assert done.stdout.count("round trip: ") == (code < 2)
