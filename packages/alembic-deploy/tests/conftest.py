"""A tiny project in a directory of its own, and Alembic in this process or in another."""

from __future__ import annotations

import io
import os
import select
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from textwrap import indent
from typing import Any, Literal, TextIO

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import text
from sqlalchemy.engine import Connection

from alembic_deploy.connect import run_on
from alembic_deploy.deployment import Deployment
from alembic_deploy.revisions import load_revisions
from alembic_deploy.url import DatabaseUrl
from alembic_proof.scratch import scratch_database

TRACKS = Path(__file__).resolve().parent / "cases" / "tracks"
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
import alembic.config, alembic_deploy.env, asyncpg, sqlalchemy.ext.asyncio

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

    def limit(self, **limits: str) -> None:
        """Set limits as the command line does."""
        self.attributes["deployment"] = Deployment(limits=limits)

    @property
    def versions(self) -> Path:
        """Where the revisions are."""
        return self.directory / "alembic" / "versions"

    def add(
        self,
        title: str,
        *,
        upgrade: str = "pass",
        downgrade: str = "pass",
        after: str | tuple[str, ...] | None = "",
    ) -> Path:
        """Add a revision with these bodies after the last one; its id is r1, r2 and so on."""
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

    def config(self, out: TextIO | None = None) -> Config:
        """Alembic's configuration on the project's database."""
        out = out or io.StringIO()
        config = Config(str(self.directory / "alembic.ini"), stdout=out, output_buffer=out)
        config.attributes.update(self.attributes, url=self.url, run_env=self.arguments)
        return config

    def alembic(self, name: str, *args: Any, **options: Any) -> str:
        """Run the command in this process; return what it prints to stdout."""
        out = io.StringIO()
        getattr(command, name)(self.config(out), *args, **options)
        return out.getvalue()

    def failure(self, name: str, *args: Any, **options: Any) -> str:
        """Return the text of the CommandError that the command raises."""
        with pytest.raises(CommandError) as caught:
            self.alembic(name, *args, **options)
        return str(caught.value)

    def start(self, *args: str, url: str | None = None) -> subprocess.Popen[str]:
        """Start Alembic's command line in a process of its own."""
        return self._start("-m", "alembic", *args, url=self.url if url is None else url)

    def run_eight(self, *args: str) -> tuple[list[int], list[str]]:
        """Run the same command line in eight processes at once; return exit codes and outputs."""
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
        """Return the rows' values of the first column."""

        def ask(connection: Connection) -> list[Any]:
            return list(connection.execute(text(sql)).scalars())

        return run_on(self.url, ask)

    def execute(self, *statements: str) -> None:
        """Run the statements and commit."""

        def send(connection: Connection) -> None:
            for statement in statements:
                connection.execute(text(statement))

        run_on(self.url, send)

    @contextmanager
    def holding(self, *statements: str, for_s: float = 30) -> Iterator[threading.Event]:
        """Let another session hold its locks for so long, or until the block or the event ends it."""
        is_held, is_over = threading.Event(), threading.Event()

        def hold(connection: Connection) -> None:
            connection.exec_driver_sql("SET application_name = 'report'")
            for statement in statements:
                connection.exec_driver_sql(statement)
            is_held.set()
            is_over.wait(for_s)

        thread = threading.Thread(target=run_on, args=(self.url, hold))
        thread.start()
        assert is_held.wait(30)
        try:
            yield is_over
        finally:
            is_over.set()
            thread.join(10)

    @property
    def tables(self) -> set[str]:
        """The tables of schema public, without Alembic's own."""
        names = self.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return set(names) - {"alembic_version"}


FaultKind = Literal["cut before", "cut after", "hole"]
"""Whether the server gets the message; in a hole nothing is carried or closed any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What breaks a connection, and when."""

    kind: FaultKind
    at: bytes
    after: bytes


@dataclass(slots=True)
class TcpProxy:
    """A port that leads to the server's socket, and breaks one connection as a test asks."""

    url: DatabaseUrl
    """Of the same database, through the port."""
    socket_path: str
    listener: socket.socket
    fault: Fault | None = None
    is_closed_after: bool = False
    """Whether nothing connects any more after the fault."""
    is_hole: bool = False
    ends: list[socket.socket] = field(default_factory=list)

    def break_at(self, kind: FaultKind, at: bytes, *, after: bytes = b"") -> None:
        """Break the next connection on which the client sends a message with this piece.

        :param after: A piece of an earlier message of the same connection.
        """
        self.fault = Fault(kind=kind, at=at, after=after)

    def accept(self) -> None:
        """Carry the bytes of each connection in both directions."""
        with suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                self.ends.append(client)
                if self.is_hole:
                    continue
                server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                server.connect(self.socket_path)
                self.ends.append(server)
                threading.Thread(target=self._carry, args=(client, server), daemon=True).start()

    def close(self) -> None:
        """Close the port and every connection."""
        for end in (self.listener, *self.ends):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _carry(self, client: socket.socket, server: socket.socket) -> None:
        sent, other = b"", {client: server, server: client}
        with suppress(OSError, ValueError):
            while True:
                for end in select.select([*other], [], [])[0]:
                    if self.is_hole:
                        return
                    if not (data := end.recv(65536)):
                        self._end(client, server)
                        return
                    fault = self.fault
                    sent += data if end is client else b""
                    is_due = fault is not None and fault.after in sent and fault.at in data
                    if fault is not None and is_due and end is client:
                        self._break(fault, client, server, data)
                        return
                    other[end].sendall(data)

    def _break(
        self, fault: Fault, client: socket.socket, server: socket.socket, data: bytes
    ) -> None:
        self.fault, self.is_hole = None, fault.kind == "hole"
        if self.is_closed_after:
            self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()
        if fault.kind == "cut after":
            server.sendall(data)
            select.select([server], [], [], 0.5)  # it has answered, unless it is a long statement
        if fault.kind != "hole":
            self._end(client, server)

    @staticmethod
    def _end(*ends: socket.socket) -> None:
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def proxy(scratch_url: str) -> Iterator[TcpProxy]:
    """Return a port that leads to the database, over TCP."""
    with open_proxy(scratch_url) as proxy:
        yield proxy


@pytest.fixture
def another_proxy(server_url: str) -> Iterator[TcpProxy]:
    """Return a port that leads to another empty database, over TCP."""
    with scratch_database(server_url) as url, open_proxy(url) as proxy:
        yield proxy


@contextmanager
def open_proxy(database_url: str) -> Iterator[TcpProxy]:
    """Yield a port that leads to the database, over TCP."""
    url = DatabaseUrl.parse(database_url)
    directory, port = url.hosts[0]
    listener = socket.create_server(("127.0.0.1", 0))
    hosts = (("127.0.0.1", listener.getsockname()[1]),)
    proxy = TcpProxy(
        replace(url, hosts=hosts, parameters=(("sslmode", "disable"),)),
        f"{directory}/.s.PGSQL.{port or 5432}",
        listener,
    )
    threading.Thread(target=proxy.accept, daemon=True).start()
    yield proxy
    proxy.close()


@pytest.fixture
def tracks(ini: Path, scratch_url: str) -> Project:
    """Return the case `tracks`: three revisions, one of them with an index built CONCURRENTLY."""
    return Project(ini.parent, scratch_url, last="cccccccccccc")


@pytest.fixture
def project(tracks: Project) -> Project:
    """Return the same project without any revision."""
    for path in tracks.versions.glob("*.py"):
        path.unlink()
    tracks.last = None
    return tracks


@pytest.fixture
def ini(tmp_path: Path) -> Path:
    """Return the alembic.ini of a copy of the case `tracks`."""
    directory = tmp_path / "tracks"
    shutil.copytree(TRACKS, directory, ignore=shutil.ignore_patterns("__pycache__"))
    return directory / "alembic.ini"


@pytest.fixture
def versions(ini: Path) -> Path:
    """Return the directory of that copy's revisions."""
    return ini.parent / "alembic" / "versions"


@pytest.fixture
def read_heads(ini: Path) -> Callable[[], tuple[str, ...]]:
    """Return a function that loads that copy's revisions and returns their heads."""

    def read() -> tuple[str, ...]:
        script = ScriptDirectory.from_config(Config(str(ini)))
        load_revisions(script)
        return tuple(script.get_heads())

    return read


@pytest.fixture
def write(versions: Path) -> Callable[..., Path]:
    """Return a function that writes a revision file that does nothing."""

    def write(name: str, *, revision: str, down: str | None, more: str = "") -> Path:
        path = versions / name
        path.write_text(
            f'"""{name}"""\n\nrevision = {revision!r}\ndown_revision = {down!r}\n{more}\n\n'
            "def upgrade() -> None:\n    pass\n\n\ndef downgrade() -> None:\n    pass\n"
        )
        return path

    return write
