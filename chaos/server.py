"""A PostgreSQL server of the run's own, which asks for passwords and can be killed and restarted."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import quote

from local_postgres.binaries import locate_binaries
from local_postgres.client import SUPERUSER, Rows, connect, quote_identifier, quote_literal
from local_postgres.cluster import ensure_data, write_settings
from local_postgres.launch import launch, remove_stale_files
from local_postgres.placement import LOOPBACK, Placement, free_port, place, remove_data
from local_postgres.postmaster import is_alive, read_pid_file, shut_down

OWNER = "chaos_owner"
APP = "chaos_app"
_MEMORY = Path("/dev/shm")  # noqa: S108  a directory of the system, not a name that others can take
_MEMORY_BYTES = 12 * 1024**3


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server on the loopback address and on a socket; its data survives kill -9 of its processes."""

    placement: Placement
    owner_password: str = field(default_factory=lambda: secrets.token_urlsafe(18), repr=False)
    app_password: str = field(default_factory=lambda: secrets.token_urlsafe(18), repr=False)

    def owner_url(self, database: str, *, port: int | None = None) -> str:
        """Return the URL of the tables' owner.

        :param port: That of a proxy in front of the server.
        """
        return self._url(OWNER, self.owner_password, database, port)

    def app_url(self, database: str) -> str:
        """Return the URL of the application's login."""
        return self._url(APP, self.app_password, database)

    def _url(self, user: str, password: str, database: str, port: int | None = None) -> str:
        address = f"{LOOPBACK}:{port or self.placement.port}"
        return f"postgresql://{user}:{quote(password, safe='')}@{address}/{database}"

    @property
    def passwords(self) -> tuple[str, ...]:
        """Return the passwords that no output may contain."""
        return self.owner_password, self.app_password

    @property
    def log(self) -> str:
        """Return what the server has printed so far."""
        return self.placement.log.read_text(encoding="utf-8", errors="replace")

    def execute(self, *statements: str, database: str = "postgres") -> Rows:
        """Run the statements as the superuser, by the socket; return the rows of the last one."""
        rows: Rows = ()
        socket, port = self.placement.socket_dir, self.placement.port
        with connect(socket, port, user=SUPERUSER, database=database) as execute:
            for statement in statements:
                rows = execute(statement)
        return rows

    def restart(self) -> None:
        """Start it again, on the same port, after it ended in whatever way."""
        remove_stale_files(self.placement)
        launch(self.placement)

    def kill(self) -> None:
        """End its main process by SIGKILL; its other processes notice that and end."""
        found = read_pid_file(self.placement.data / "postmaster.pid")
        if found is not None:
            os.kill(found.pid, signal.SIGKILL)

    def stop(self) -> None:
        """Shut it down."""
        found = read_pid_file(self.placement.data / "postmaster.pid")
        if found is not None and is_alive(found.pid):
            shut_down(found.pid, self.placement.data, timeout_s=60)


@contextmanager
def running_server() -> Iterator[Server]:
    """Yield a new server with the two logins; stop it and delete its data at the end."""
    home = Path(tempfile.mkdtemp(prefix="boards-chaos-", dir=_memory()))
    server = Server(placement=_placement(home))
    try:
        ensure_data(server.placement)
        configure(server, {})
        launch(server.placement)
        create_logins(server)
        yield server
    finally:
        with suppress(OSError):
            server.stop()
        remove_data(home)
        shutil.rmtree(server.placement.socket_dir, ignore_errors=True)
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def standby_of(original: Server, *, settings: Mapping[str, str]) -> Iterator[Server]:
    """Yield a server, not yet launched, on a copy of the data of one that is stopped for the copy.

    It stays in recovery, and waits for more of the original's WAL.

    :param settings: Lines of postgresql.conf.
    """
    home = Path(tempfile.mkdtemp(prefix="boards-chaos-", dir=_memory()))
    copy = replace(original, placement=_placement(home))
    try:
        original.stop()
        shutil.copytree(original.placement.data, copy.placement.data, symlinks=True)
        original.restart()
        (copy.placement.data / "standby.signal").touch()
        configure(copy, settings)
        yield copy
    finally:
        copy.stop()
        remove_data(home)
        shutil.rmtree(copy.placement.socket_dir, ignore_errors=True)
        shutil.rmtree(home, ignore_errors=True)


def configure(server: Server, settings: Mapping[str, str]) -> None:
    """Write the server's settings, with these after its own."""
    write_settings(server.placement, is_durable=True)
    path = server.placement.settings_dir / "postgresql.conf"
    lines = "".join(f"{name} = {quote_literal(value)}\n" for name, value in settings.items())
    path.write_text(path.read_text(encoding="utf-8") + lines, encoding="utf-8")


def create_logins(server: Server) -> None:
    """Create the owner, which may create roles, and the application's login."""
    owner, app = (quote_literal(password) for password in server.passwords)
    server.execute(
        f"CREATE ROLE {OWNER} LOGIN CREATEROLE PASSWORD {owner}",
        f"CREATE ROLE {APP} LOGIN NOINHERIT PASSWORD {app}",
        "CREATE ROLE boards_app NOLOGIN",
        f"GRANT boards_app TO {APP}",
        f"GRANT boards_app TO {OWNER} WITH ADMIN OPTION",
    )


def create_database(
    server: Server, name: str, *, template: str = "template0", strategy: str = "wal_log"
) -> None:
    """Create a database of the owner.

    :param strategy: file_copy for a large template; it makes two checkpoints.
    Source: sql-createdatabase.
    """
    server.execute(
        f"CREATE DATABASE {quote_identifier(name)} OWNER {OWNER}"
        f" TEMPLATE {template} STRATEGY {strategy}"
    )


def drop_database(server: Server, name: str) -> None:
    """Drop the database, open sessions included."""
    server.execute(f"DROP DATABASE IF EXISTS {quote_identifier(name)} WITH (FORCE)")


def _memory() -> Path | None:
    """Return the directory in memory where there is room for the data, else None."""
    has_room = os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free >= _MEMORY_BYTES
    return _MEMORY if has_room else None


def _placement(home: Path) -> Placement:
    found = place(home, locate_binaries(os.environ), os.environ, is_durable=True)
    return replace(found, port=free_port(), is_tcp=True)
