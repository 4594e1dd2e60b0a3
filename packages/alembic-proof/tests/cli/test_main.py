"""The command line as a whole."""

from __future__ import annotations

import io
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from alembic_deploy.process_exit import write_line
from alembic_proof.cli import lint, main

_PROGRAM = [sys.executable, "-c", "from alembic_proof.cli import main; raise SystemExit(main())"]


def test_help_names_every_command_and_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    """A newcomer finds everything from here."""
    with pytest.raises(SystemExit) as caught:
        main(["--help"])

    shown = capsys.readouterr().out
    assert caught.value.code == 0
    assert all(
        f"    {name} " in shown
        for name in ("roundtrip", "parity", "drift", "revision", "lint", "server")
    )
    assert "exit codes: 0 clean, 1 findings, 2 " in shown


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """By the command itself: an operator need not ask pip."""
    with pytest.raises(SystemExit) as caught:
        main(["--version"])

    assert caught.value.code == 0
    assert capsys.readouterr().out.startswith("alembic-proof ")


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["nope"],
        ["server"],
        ["server", "nope"],
        ["lint", "--nope"],
        ["lint", "--form", "json"],
        ["--conf", "x", "lint"],
    ],
)
def test_wrong_usage_exits_with_2(argv: list[str]) -> None:
    """A command that is not there is broken surroundings, no finding."""
    with pytest.raises(SystemExit) as caught:
        main(argv)

    assert caught.value.code == 2


def test_an_interrupted_command_exits_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a shell says it, and without a traceback."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(lint, "all_rules", lambda: ())
    monkeypatch.setattr(lint, "project_of", interrupt)

    assert main(["lint"]) == 130


_INTERRUPTED_IMPORT = """
import sys

class Interruption:
    def find_spec(self, name, *_):
        if name == "sqlalchemy":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interruption())
from alembic_proof.cli import main
raise SystemExit(main(["lint"]))
"""


def test_an_interrupt_during_the_imports_is_reported() -> None:
    """The message is the same as during a proof."""
    done = subprocess.run(
        [sys.executable, "-c", _INTERRUPTED_IMPORT], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (130, "interrupted\n")


def test_what_is_ignored_stays_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under nohup a closed terminal ends nothing; elsewhere it does."""
    monkeypatch.setattr(lint, "project_of", lambda *_: os.kill(os.getpid(), signal.SIGHUP))
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert main(["lint"]) == 2  # it went on, without a project
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        with pytest.raises(SystemExit) as caught:
            main(["lint"])
    finally:
        signal.signal(signal.SIGHUP, before)

    assert caught.value.code == 129


def test_a_reader_that_goes_away_is_no_traceback() -> None:
    """`alembic-proof lint --explain | head -1` prints no error and exits with 0."""
    done = _unread("lint", "--explain")

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("case", "code", "format_"),
    [("history/clean", 0, "json"), ("catalog/forgets_index", 1, "text")],
)
def test_a_proof_goes_on_without_its_reader(
    open_case: Callable[[str], Path], case: str, code: int, format_: str
) -> None:
    """`alembic-proof roundtrip | head -1` ends with the proof's own code, not with an error."""
    open_case(f"roundtrip/{case}")

    done = _unread("roundtrip", "--format", format_)

    assert done.returncode == code
    assert "BrokenPipeError" not in done.stderr


def test_an_error_without_standard_error_keeps_its_exit_code() -> None:
    """With standard error gone as well (`2>&1 | true`), what is broken is still 2, not 1."""
    done = _unread("--config", "nope.ini", "lint", redirect="2>&1")

    assert done.returncode == 2


@pytest.mark.parametrize(
    ("encoding", "shown"), [("utf-8", "größe \\ud800\n"), ("ascii", "gr\\xf6\\xdfe \\ud800\n")]
)
def test_what_cannot_be_encoded_is_escaped(encoding: str, shown: str) -> None:
    """A message of a revision is anything that Python has for text; none of it ends the report."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)

    write_line(stream, "größe \ud800")

    stream.seek(0)
    assert stream.read() == shown


def _unread(*arguments: str, redirect: str = "") -> subprocess.CompletedProcess[str]:
    """Return the command, writing to a pipe whose reader has left before it begins."""
    command = shlex.join([*_PROGRAM, *arguments])
    piped = f"(sleep 0.2; {command}) {redirect} | true; exit ${{PIPESTATUS[0]}}"
    return subprocess.run(
        ["bash", "-c", piped], capture_output=True, text=True, check=False, timeout=120
    )


def test_the_configuration_may_stand_before_and_after_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both places mean the same file."""
    ini = str(tmp_path / "other.ini")

    codes = [main(["--config", ini, "lint"]), main(["lint", "--config", ini])]

    assert codes == [2, 2]
    assert capsys.readouterr().err.count("there is no other.ini here") == 2
