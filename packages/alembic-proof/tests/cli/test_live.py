"""What a terminal shows, through a pseudo terminal; and that nothing else is shown anything of it."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

Open = Callable[[str], Path]

# A terminal of its own, so that Control-C reaches it and nobody else.
_PROGRAM = """
import os, sys
os.login_tty(0)
if sys.argv[1] == "json":
    os.dup2(os.open("errors.txt", os.O_WRONLY | os.O_CREAT), 2)
if sys.argv[1] == "without rich":
    sys.modules["rich"] = None
from alembic_proof.cli import main
raise SystemExit(main(sys.argv[2:]))
"""
_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|\r")
_COLOUR = re.compile(r"\x1b\[(3|9)[0-9]m")
_HIDDEN, _SHOWN = "\x1b[?25l", "\x1b[?25h"
_SLEEPS = """
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("SELECT pg_sleep(60)")


def downgrade() -> None:
    op.execute("SELECT 1")
"""


@dataclass(slots=True)
class Terminal:
    """A pseudo terminal in which alembic-proof runs, and what it has shown."""

    master: int
    slave: int
    running: subprocess.Popen[bytes] | None = None
    shown: bytes = b""
    settings: list[object] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Everything that was shown, escape sequences included."""
        return self.shown.decode("utf-8", "replace").replace("\r\n", "\n")

    def start(self, *arguments: str, kind: str = "text", **environ: str) -> None:
        """Begin a command; a variable that is empty is not set."""
        self.settings = list(termios.tcgetattr(self.slave))
        given = {"TERM": "xterm-256color", "COLUMNS": "100", "NO_COLOR": "", **environ}
        kept = {**os.environ, **given}
        self.running = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, kind, *arguments],
            stdin=self.slave,
            stdout=self.slave,
            stderr=self.slave,
            env={name: value for name, value in kept.items() if value or name not in given},
        )

    def wait_for(self, text: str, *, timeout_s: float = 60) -> None:
        """Read until this is shown."""
        deadline = time.monotonic() + timeout_s
        while text not in self.text:
            assert time.monotonic() < deadline, self.text
            self._read(0.1)

    def type(self, keys: bytes) -> None:
        """Type on the terminal's keyboard."""
        os.write(self.master, keys)

    def end(self, *, timeout_s: float = 60) -> int:
        """Return the exit code, when everything is read."""
        assert self.running is not None
        deadline = time.monotonic() + timeout_s
        while self.running.poll() is None:
            assert time.monotonic() < deadline, self.text
            self._read(0.1)
        self._read(0.1)
        return self.running.returncode

    def _read(self, timeout_s: float) -> None:
        while select.select([self.master], [], [], timeout_s)[0]:
            self.shown += os.read(self.master, 65536)
            timeout_s = 0


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    """Provide a terminal; what still runs in it is ended."""
    master, slave = pty.openpty()
    found = Terminal(master, slave)
    yield found
    if found.running is not None and found.running.poll() is None:
        found.running.kill()
        found.running.wait()
    os.close(master)
    os.close(slave)


def test_a_terminal_shows_a_bar_and_then_the_report(open_case: Open, terminal: Terminal) -> None:
    """The revisions done and the current one; afterwards a tick or a cross for each, in colour."""
    open_case("roundtrip/catalog/wrong_default")

    terminal.start("roundtrip", "-v")
    code = terminal.end()

    bar, _, report = terminal.text.rpartition(_SHOWN)
    rows = _ESCAPE.sub("", report)
    assert code == 1
    assert all(f"{number}/3" in _ESCAPE.sub("", bar) for number in (0, 3))
    times = r"up \d\.\d{3} s  down \d\.\d{3} s  up again \d\.\d{3} s  rows \d\.\d{3} s$"
    assert re.search(rf"^✓ 0001 Users +{times}", rows, re.MULTILINE)
    assert re.search(rf"^✗ 0002 .* {times}", rows, re.MULTILINE)
    assert "versions/0002_default.py: error: not-restored\n  0002: after its downgrade: " in rows
    assert re.search(r"^round trip: 1 error \(3 revisions, \d+\.\d s\)\n\Z", rows, re.MULTILINE)
    assert _COLOUR.search(report)


def test_the_revision_that_runs_is_named(open_case: Open, terminal: Terminal) -> None:
    """Before it is done; Control-C ends it, and the terminal is as it was."""
    root = open_case("roundtrip/catalog/wrong_default")
    (root / "versions" / "0004_sleeps.py").write_text(f'"""Wait for Godot."""\n{_SLEEPS}')
    terminal.start("roundtrip")
    terminal.wait_for("0004 Wait for Godot")
    terminal.wait_for("3/4")

    terminal.type(b"\x03")
    code = terminal.end(timeout_s=20)

    assert code == 130
    assert terminal.text.rindex(_SHOWN) > terminal.text.rindex(_HIDDEN)
    assert "\ninterrupted\n" in terminal.text
    assert termios.tcgetattr(terminal.slave) == terminal.settings


def test_no_color_is_a_report_without_colour(open_case: Open, terminal: Terminal) -> None:
    """The variable is about colour alone."""
    open_case("roundtrip/catalog/wrong_default")

    terminal.start("roundtrip", NO_COLOR="1")
    terminal.end()

    assert "✗ 0002" in _ESCAPE.sub("", terminal.text)
    assert _HIDDEN in terminal.text
    assert not _COLOUR.search(terminal.text)


@pytest.mark.parametrize("term", ["dumb", "unknown"])
def test_a_terminal_that_cannot_move_its_cursor_gets_plain_text(
    open_case: Open, terminal: Terminal, term: str
) -> None:
    """As a pipe does."""
    open_case("roundtrip/catalog/wrong_default")

    terminal.start("roundtrip", "-v", TERM=term)
    terminal.end()

    assert "\x1b" not in terminal.text
    assert re.search(r"^✓ 0001 Users +up \d\.\d{3} s  down ", terminal.text, re.MULTILINE)


def test_without_rich_the_text_is_plain(open_case: Open, terminal: Terminal) -> None:
    """The extra `dev` brings it; a proof does not need it."""
    open_case("roundtrip/catalog/wrong_default")

    terminal.start("roundtrip", kind="without rich")
    code = terminal.end()

    assert code == 1
    assert "\x1b" not in terminal.text
    assert "\nround trip: 1 error (3 revisions, " in terminal.text


def test_a_format_for_machines_is_the_same_on_a_terminal(
    open_case: Open, terminal: Terminal
) -> None:
    """One document, and not a byte more."""
    open_case("roundtrip/catalog/wrong_default")

    terminal.start("roundtrip", "--format", "json", kind="json")
    terminal.end()

    assert len(json.loads(terminal.text)["findings"]) == 1


def test_terminal_modules_are_not_loaded_into_a_pipe(open_case: Open) -> None:
    """Into a pipe nothing of it is loaded."""
    open_case("parity/differs")
    program = "import sys; from alembic_proof.cli import main; main(['lint']); print('rich' in sys.modules)"

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout.splitlines()[-1] == "False"


@pytest.mark.parametrize(
    ("case", "command", "steps"),
    [
        ("parity/differs", "parity", ["upgrade to head", "create the models", "compare the"]),
        ("parity/differs", "lint", ["1 revision file, "]),
    ],
)
def test_every_proof_shows_its_steps(
    open_case: Open, terminal: Terminal, case: str, command: str, steps: list[str]
) -> None:
    """On request, with one time for each where there are no revisions."""
    open_case(case)

    terminal.start(command, "-v")
    terminal.end()

    report = _ESCAPE.sub("", terminal.text.rpartition(_SHOWN)[2])
    assert all(re.search(rf"^✓ {step}.* \d\.\d{{3}} s$", report, re.MULTILINE) for step in steps)
