"""What is recognised of each of Alembic's commands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory

from alembic_proof.history.command import RunningCommand, running_command
from alembic_proof.history.project import AlembicProject
from alembic_proof.history.script import alembic_config


class EnoughSeenError(Exception):
    """Ends a command as soon as it has run env.py."""


@pytest.fixture
def seen(ini: Path) -> list[RunningCommand]:
    """What env.py sees; it stops the command there."""
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

    config = alembic_config(AlembicProject(file=ini))
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
    script = ScriptDirectory.from_config(alembic_config(AlembicProject(file=ini)))

    with EnvironmentContext(
        alembic_config(AlembicProject(file=ini)),
        script,
        fn=lambda _heads, _context: [],
        dont_mutate=dont_mutate,
    ):
        found = running_command()

    assert (found.name, found.is_writing, found.needs_database) == ("", not dont_mutate, True)
