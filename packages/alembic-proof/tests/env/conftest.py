"""Copies of a tiny project on a fresh database, and Alembic in this process or in another."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import text
from sqlalchemy.engine import Connection

from alembic_proof.postgres.connect import run_on

TRACKS = Path(__file__).resolve().parents[1] / "cases" / "tracks"
REVISION = '''"""{title}"""

from alembic import op

revision = "{revision_id}"
down_revision = {down_revision!r}


def upgrade() -> None:
{upgrade}


def downgrade() -> None:
{downgrade}
'''
# What they all import is imported once, so that they reach the database at the same time.
EIGHT_AT_ONCE = """
import os, sys
import alembic.config, alembic_proof.env, asyncpg, sqlalchemy.ext.asyncio

children = []
for number in range(8):
    children.append(os.fork())
    if children[-1] == 0:
        os.dup2(os.open(f"{number}.out", os.O_CREAT | os.O_WRONLY), sys.stdout.fileno())
        alembic.config.main(sys.argv[1:])
        sys.exit(0)
codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
print(*codes)
"""


@dataclass(slots=True)
class Project:
    """A project's directory and its database."""

    directory: Path
    url: str
    last: str | None = None
    arguments: dict[str, Any] = field(default_factory=dict)
    """What env.py hands to run_env() beside the metadata."""
    attributes: dict[str, Any] = field(default_factory=dict)
    """More of config.attributes."""

    @property
    def versions(self) -> Path:
        """Where the revisions are."""
        return self.directory / "alembic" / "versions"

    def add(
        self, title: str, *, upgrade: str = "pass", downgrade: str = "pass", after: str | None = ""
    ) -> Path:
        """A revision with these bodies, after the last one; its id is r1, r2 and so on."""
        number = len(list(self.versions.glob("*.py"))) + 1
        path = self.versions / f"20260101_0000{number:02d}_{title.replace(' ', '_')}.py"
        text = REVISION.format(
            title=title,
            revision_id=f"r{number}",
            down_revision=self.last if after == "" else after,
            upgrade=indent(upgrade, "    "),
            downgrade=indent(downgrade, "    "),
        )
        path.write_text(text, encoding="utf-8")
        self.last = f"r{number}"
        return path

    def config(self, out: io.StringIO | None = None) -> Config:
        """Alembic's configuration on the project's database."""
        out = out or io.StringIO()
        config = Config(str(self.directory / "alembic.ini"), stdout=out, output_buffer=out)
        config.attributes.update(self.attributes, url=self.url, run_env=self.arguments)
        return config

    def alembic(self, name: str, *args: Any, **options: Any) -> str:
        """What the command prints to stdout, run in this process."""
        out = io.StringIO()
        getattr(command, name)(self.config(out), *args, **options)
        return out.getvalue()

    def failure(self, name: str, *args: Any, **options: Any) -> str:
        """The text of the CommandError that the command raises."""
        with pytest.raises(CommandError) as caught:
            self.alembic(name, *args, **options)
        return str(caught.value)

    def start(self, *args: str, url: str | None = None) -> subprocess.Popen[str]:
        """The command line of Alembic, in a process of its own."""
        return self._start("-m", "alembic", *args, url=self.url if url is None else url)

    def run_eight(self, *args: str) -> tuple[list[int], list[str]]:
        """The exit codes and outputs of the same command line in eight processes at once."""
        process = self._start("-c", EIGHT_AT_ONCE, *args, url=self.url)
        codes, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        outputs = [(self.directory / f"{number}.out").read_text() for number in range(8)]
        return [int(code) for code in codes.split()], outputs

    def _start(self, *args: str, url: str) -> subprocess.Popen[str]:
        environ = {**os.environ, "TRACKS_DATABASE_URL": url}
        return subprocess.Popen(
            [sys.executable, *args],
            cwd=self.directory,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def query(self, sql: str) -> list[Any]:
        """The rows' values of the first column."""

        def ask(connection: Connection) -> list[Any]:
            return list(connection.execute(text(sql)).scalars())

        return run_on(self.url, ask)

    def execute(self, *statements: str) -> None:
        """Ensures that the statements are committed."""

        def send(connection: Connection) -> None:
            for statement in statements:
                connection.execute(text(statement))

        run_on(self.url, send)

    @property
    def tables(self) -> set[str]:
        """The tables of schema public, without Alembic's own."""
        names = self.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return set(names) - {"alembic_version"}


@pytest.fixture
def tracks(tmp_path: Path, scratch_url: str) -> Project:
    """The case `tracks`: three revisions, one of them with an index built CONCURRENTLY."""
    directory = tmp_path / "tracks"
    shutil.copytree(TRACKS, directory, ignore=shutil.ignore_patterns("__pycache__"))
    return Project(directory, scratch_url, last="cccccccccccc")


@pytest.fixture
def project(tracks: Project) -> Project:
    """The same project without any revision."""
    for path in tracks.versions.glob("*.py"):
        path.unlink()
    tracks.last = None
    return tracks
