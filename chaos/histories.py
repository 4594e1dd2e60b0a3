"""Boards' history, with other revisions on top or without its newest, for boards-migrate and Alembic."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import cache
from io import StringIO
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from chaos.changes import Change, revision_text

ROOT = Path(__file__).resolve().parent.parent
BACKEND = ROOT / "packages" / "backend"
_OWN_VARIABLES = ("BOARDS_", "PG")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A command that migrates: how it is called, and with which history."""

    name: str
    command: tuple[str, ...]
    ini: Path | None = None
    is_bare: bool = False

    def arguments(self, direction: str, revision: str) -> tuple[str, ...]:
        """Return the command line of an upgrade or downgrade to the revision."""
        yes = ("--yes",) if direction == "downgrade" and not self.is_bare and _asks() else ()
        return (*self.command, direction, *yes, revision)

    def environ(self, owner_url: str, app_url: str, **more: str) -> Mapping[str, str]:
        """Return the environment of its process: this one's, without its settings of databases."""
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(_OWN_VARIABLES)
        }
        urls = {"BOARDS_DATABASE_URL": owner_url, "BOARDS_APP_DATABASE_URL": app_url}
        return {**kept, **urls, "PYTHONPATH": str(ROOT), **more}


def ours(ini: Path | None = None) -> Tool:
    """Return boards-migrate: as it is installed, or with the history of that alembic.ini."""
    if ini is None:
        return Tool(name="ours", command=(sys.executable, "-m", "boards"))
    return Tool(name="ours", command=(sys.executable, "-m", "chaos.migrate", str(ini)), ini=ini)


def bare(directory: Path, ini: Path, *, owner_url: str) -> Tool:
    """Return Alembic's own command with the env.py of its async template, on the same revisions.

    :param directory: Is made.
    :param ini: The alembic.ini beside the revisions.
    """
    with redirect_stdout(StringIO()):
        config = Config(str(directory / "alembic.ini"))
        command.init(config, str(directory / "alembic"), template="async")
    shutil.rmtree(directory / "alembic" / "versions")
    shutil.copytree(ini.parent / "alembic" / "versions", directory / "alembic" / "versions")
    path = directory / "alembic.ini"
    lines = path.read_text(encoding="utf-8").splitlines()
    url = owner_url.replace("postgresql://", "postgresql+asyncpg://").replace("%", "%%")
    named = [
        f"sqlalchemy.url = {url}" if one.startswith("sqlalchemy.url") else one for one in lines
    ]
    path.write_text("\n".join(named), encoding="utf-8")
    call = (sys.executable, "-m", "alembic", "-c", str(path))
    return Tool(name="bare alembic", command=call, ini=path, is_bare=True)


def copy_history(
    directory: Path, *, changes: Sequence[Change] = (), is_without_newest: bool = False
) -> Path:
    """Copy Boards' history; return its alembic.ini.

    :param changes: Each becomes a revision on top.
    :param is_without_newest: The history of the release before.
    """
    shutil.copytree(
        BACKEND / "alembic", directory / "alembic", ignore=shutil.ignore_patterns("__pycache__")
    )
    ini = Path(shutil.copy(BACKEND / "alembic.ini", directory))
    script = ScriptDirectory.from_config(Config(str(ini)))
    newest = script.get_revision("head")
    if is_without_newest:
        Path(newest.path).unlink()
    after = newest.revision
    for change in changes:
        path = directory / "alembic" / "versions" / f"{change.revision}.py"
        path.write_text(revision_text(change, after=after), encoding="utf-8")
        after = change.revision
    return ini


def chain(ini: Path | None = None) -> tuple[str, ...]:
    """Return the ids of the history's revisions, from the first to the head."""
    script = ScriptDirectory.from_config(Config(str(ini or BACKEND / "alembic.ini")))
    return tuple(one.revision for one in reversed(list(script.walk_revisions())))


@cache
def _asks() -> bool:
    """Return whether a downgrade asks before it loses rows."""
    call = (sys.executable, "-m", "boards", "downgrade", "--help")
    return "--yes" in subprocess.run(call, capture_output=True, text=True, check=True).stdout
