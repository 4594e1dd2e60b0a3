"""How each of Alembic's commands is recognised, and its terminal."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from alembic.util import messaging

from alembic_deploy.command import RunningCommand, prepare_terminal, running_command
from alembic_deploy.errors import ConfigError


class EnoughSeenError(Exception):
    """Ends a command as soon as it has run env.py."""


@pytest.fixture
def seen(ini: Path) -> list[RunningCommand]:
    """Return what env.py sees; it stops the command there."""
    seen: list[RunningCommand] = []
    env = ini.parent / "alembic" / "env.py"
    env.write_text("from alembic import context\ncontext.config.attributes['look']()\n")
    return seen


CASES = [
    # call, keyword arguments, name, is_writing, needs_database
    ("upgrade", ("head",), {}, "upgrade", True, True),
    ("upgrade", ("head",), {"sql": True}, "upgrade", True, False),
    ("downgrade", ("base",), {}, "downgrade", True, True),
    ("stamp", ("head",), {}, "stamp", True, True),
    ("current", (), {}, "current", False, True),
    ("check", (), {}, "check", False, True),
    ("revision", (), {"message": "x", "autogenerate": True}, "revision", False, True),
    ("revision", (), {"message": "x"}, "revision", False, False),
    ("merge", (["a" * 12],), {"message": "x"}, "merge", False, False),
    ("history", (), {}, "history", False, False),
    ("history", (), {"indicate_current": True}, "history", False, True),
    ("history", (":current",), {}, "history", False, True),
    ("history", ("base:head",), {}, "history", False, False),
    ("show", ("current",), {}, "show", False, True),
]


@pytest.mark.parametrize(("call", "arguments", "options", "name", "writes", "needs"), CASES)
def test_commands_of_alembic(
    ini: Path,
    seen: list[RunningCommand],
    call: str,
    arguments: tuple[Any, ...],
    options: dict[str, Any],
    name: str,
    writes: bool,  # noqa: FBT001  a parameter of the table above
    needs: bool,  # noqa: FBT001
) -> None:
    """Each is known by name, and for whether it writes and whether it needs a database."""

    def look() -> None:
        seen.append(running_command())
        raise EnoughSeenError

    config = Config(str(ini))
    config.attributes["look"] = look

    with pytest.raises(EnoughSeenError):
        getattr(command, call)(config, *arguments, **options)

    (found,) = seen
    assert (found.name, found.is_writing, found.needs_database) == (name, writes, needs)
    assert found.message == options.get("message" if call == "revision" else "none")


@pytest.mark.parametrize("dont_mutate", [True, False])
def test_function_that_alembic_does_not_know(
    ini: Path,
    dont_mutate: bool,  # noqa: FBT001
) -> None:
    """It writes unless it says that it does not, and it always has a database."""
    script = ScriptDirectory.from_config(Config(str(ini)))

    with EnvironmentContext(
        Config(str(ini)),
        script,
        fn=lambda _heads, _context: [],
        dont_mutate=dont_mutate,
    ):
        found = running_command()

    assert (found.name, found.is_writing, found.needs_database) == ("", not dont_mutate, True)


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
    """Restore the process's logging after each test."""
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
