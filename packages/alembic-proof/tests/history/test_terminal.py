"""What changes under Alembic's own command line, and only there."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.util import messaging

from alembic_proof.errors import ConfigError
from alembic_proof.history.terminal import prepare_terminal

LOGGERS = """
[loggers]
keys = root, alembic
[handlers]
keys = console
[formatters]
keys =
[logger_root]
level = INFO
handlers = console
[logger_alembic]
level = INFO
handlers =
qualname = alembic
[handler_console]
class = StreamHandler
args = (sys.stderr,)
"""


@pytest.fixture(autouse=True)
def untouched() -> Iterator[None]:
    """Whatever a test does to the process's logging is taken back."""
    root = logging.getLogger()
    before = (root.level, list(root.handlers), messaging.TERMWIDTH)
    levels = {name: logging.getLogger(name).level for name in ("alembic", messaging.__name__)}
    yield
    root.level, root.handlers[:], messaging.TERMWIDTH = before
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def test_embedded_alembic_is_left_alone(ini: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a command line neither logging nor the folding of messages changes."""
    monkeypatch.setattr(messaging, "TERMWIDTH", 80)
    ini.write_text(ini.read_text() + LOGGERS)
    handlers = list(logging.getLogger().handlers)

    prepare_terminal(Config(str(ini)))

    assert messaging.TERMWIDTH == 80
    assert logging.getLogger().handlers == handlers


def test_command_line_keeps_the_lines_of_messages(
    ini: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Alembic's folding to the terminal's width, which would break SQL and paths, is off."""
    monkeypatch.setattr(messaging, "TERMWIDTH", 80)

    prepare_terminal(Config(str(ini), cmd_opts=Namespace()))

    assert messaging.TERMWIDTH is None


def test_logging_sections_that_cannot_be_used(ini: Path) -> None:
    """A mistake in them is one clear error that names the file."""
    ini.write_text(ini.read_text() + LOGGERS.replace("StreamHandler", "NoSuchHandler"))

    with pytest.raises(ConfigError, match="logging sections cannot be used") as caught:
        prepare_terminal(Config(str(ini), cmd_opts=Namespace()))

    assert caught.value.where == str(ini)


def run(ini: Path, *args: str) -> tuple[str, str]:
    """Stdout and stderr of Alembic's command line on a server that is down."""
    environ = {**os.environ, "TRACKS_DATABASE_URL": "postgresql:///x?host=/nowhere"}
    command = [sys.executable, "-m", "alembic", *args]
    done = subprocess.run(
        command, cwd=ini.parent, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    return done.stdout, done.stderr


def test_error_is_printed_once(ini: Path) -> None:
    """With logging configured, the error is not logged on top of being printed."""
    ini.write_text(ini.read_text() + LOGGERS)

    out, err = run(ini, "current")

    assert out.count("cannot connect") == 1
    assert "cannot connect" not in err
    assert "Traceback" not in out + err


def test_quiet_error_is_logged(ini: Path) -> None:
    """With `-q` Alembic prints nothing, so the log keeps the error."""
    ini.write_text(ini.read_text() + LOGGERS)

    out, err = run(ini, "-q", "current")

    assert out == ""
    assert err.count("cannot connect") == 1
