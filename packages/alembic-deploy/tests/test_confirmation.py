"""A question is asked on a terminal only, and neither an answer nor a signal can be lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from alembic_deploy.confirmation import ask
from alembic_deploy.errors import ConfigError

ASKS = """
from alembic_deploy.confirmation import ask
from alembic_deploy.process_exit import exit_code_of

def main():
    print("yes" if ask("Go on?", unasked="pass --yes") else "no", flush=True)
    return 0

raise SystemExit(exit_code_of(main))
"""
ASKS_IN_A_LOOP = ASKS.replace(
    "raise SystemExit(exit_code_of(main))",
    """
import asyncio

async def work():
    return main()

raise SystemExit(exit_code_of(lambda: asyncio.run(work())))
""",
)


class Asked:
    """A process that asks on a terminal of its own."""

    def __init__(self, program: str) -> None:
        self._terminal, inner = os.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-c", program],
            stdin=inner,
            stdout=subprocess.PIPE,
            stderr=inner,
            text=True,
        )
        os.close(inner)

    def answer(self, text: str) -> None:
        """Wait for the question and type the text."""
        self.wait_for_question()
        os.write(self._terminal, text.encode())

    def wait_for_question(self) -> None:
        """Return when the question stands there, and nothing else."""
        shown = b""
        while b"[y/N] " not in shown:
            shown += os.read(self._terminal, 1000)
        assert shown == b"Go on? [y/N] "

    def end(self) -> tuple[int, str]:
        """Return the exit code and the output."""
        out, _ = self.process.communicate(timeout=20)
        return self.process.returncode, out.strip()

    def close(self) -> None:
        """End the process if it still asks."""
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
        os.close(self._terminal)


@pytest.fixture
def start() -> Iterator[Callable[[str], Asked]]:
    """Yield a function that starts a program on a terminal."""
    started: list[Asked] = []

    def start(program: str) -> Asked:
        started.append(Asked(program))
        return started[-1]

    yield start
    for asked in started:
        asked.close()


@pytest.mark.parametrize(
    ("typed", "answer"),
    [("y\n", "yes"), ("YES\n", "yes"), ("\n", "no"), ("n\n", "no"), ("\x04", "no")],
)
def test_an_answer(start: Callable[[str], Asked], typed: str, answer: str) -> None:
    """Only a clear yes is one; Control-D is none."""
    asked = start(ASKS)

    asked.answer(typed)

    assert asked.end() == (0, answer)


@pytest.mark.parametrize("program", [ASKS, ASKS_IN_A_LOOP], ids=["plain", "event loop"])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_while_it_asks(
    start: Callable[[str], Asked], program: str, number: signal.Signals, code: int
) -> None:
    """One suffices, also where an event loop would wait for the answer first."""
    asked = start(program)
    asked.wait_for_question()

    asked.process.send_signal(number)

    assert asked.end() == (code, "")


def test_without_a_terminal() -> None:
    """It is an error that says what a script passes; pytest's standard input is no terminal."""
    with pytest.raises(ConfigError) as caught:
        ask("Go on?", unasked="pass --yes")

    assert caught.value.todo == "pass --yes"
