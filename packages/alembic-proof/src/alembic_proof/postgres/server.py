"""A local PostgreSQL server: started on demand, once, and found again by whoever comes next."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from alembic_proof.errors import ServerError
from alembic_proof.postgres._cluster import SUPERUSER, ensure_data, write_settings
from alembic_proof.postgres._description import (
    Description,
    read_description,
    write_description,
)
from alembic_proof.postgres._launch import launch
from alembic_proof.postgres._leftovers import clear_the_way, wait_while_on_the_way
from alembic_proof.postgres._lock import exclusive
from alembic_proof.postgres._placement import Placement, cluster_of, place, remove_data
from alembic_proof.postgres._postmaster import (
    PidFile,
    is_postmaster_of,
    kill_at_once,
    read_pid_file,
    shut_down,
)
from alembic_proof.postgres._probe import Answer, probe
from alembic_proof.postgres._sockets import LOOPBACK, free_port
from alembic_proof.postgres.binaries import (
    BINDIR,
    Binaries,
    allow_extensions_of,
    asked_major,
    locate_binaries,
)
from alembic_proof.postgres.pins import DEFAULT_MAJOR
from alembic_proof.postgres.url import DatabaseUrl

_MOST_PORTS = 5
_PORT_TAKEN = "could not create any TCP/IP sockets"
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LocalServer:
    """The server of a state directory; a durable one keeps what it was told, the other may not."""

    state: Path
    durable: bool
    is_tcp: bool = False
    """Whether it listens on the loopback address as well, on a port that is free when it starts."""

    def home(self, major: int) -> Path:
        """Where a major's files lie, absolute."""
        state = self.state.resolve()
        return state / str(major) if self.durable else state / "scratch" / str(major)

    def majors(self) -> tuple[int, ...]:
        """The majors that have data, ascending."""
        parent = self.home(0).parent
        names = (path.name for path in parent.glob("[0-9]*"))
        majors = sorted(int(name) for name in names if name.isdigit())
        return tuple(major for major in majors if _has_data(self.home(major)))


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningServer:
    """A server that takes connections; `notes` are lines to tell the user."""

    socket_dir: Path
    port: int
    version: str
    origin: str
    data: Path
    notes: tuple[str, ...] = ()

    def url(self, database: str, user: str = SUPERUSER) -> str:
        """The URL of a database as that user; there is no password."""
        place = ((str(self.socket_dir), self.port),)
        return DatabaseUrl(user=user, database=database, hosts=place).dsn

    def tcp_url(self, database: str, user: str, *, password: str) -> str:
        """Return the URL by the loopback address, where a password is asked for."""
        place = ((LOOPBACK, self.port),)
        return DatabaseUrl(user=user, database=database, hosts=place, password=password).dsn


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerStatus:
    """One major's server; `running` is None when it is stopped."""

    major: int
    data: Path
    running: RunningServer | None


def start(server: LocalServer, environ: Mapping[str, str]) -> RunningServer:
    """The running server, started if it is not; any number of processes may ask at once.

    Raises:
        ConfigError: a variable names what cannot be used.
        ServerError: no binaries, no place, no start; says where and what to do.

    Locks: flock on the home's `lock` while starting.
    """
    major = _known_major(server, environ)
    running = _running(server.home(major)) if major else None
    if running:
        allow_extensions_of(running.origin, environ)
        return running
    binaries = locate_binaries(environ, major=major)
    home = server.home(binaries.major)
    with _writable(home), exclusive(home / "lock"):
        wait_while_on_the_way(cluster_of(home) / "data")
        running = _running(home)
        if running:
            return running
        _keep_out_of_git(server.state)
        placement = place(home, binaries, environ, is_durable=server.durable)
        if server.is_tcp:
            placement = replace(placement, port=free_port(), is_tcp=True)
        is_fallback = _is_fallback(home) or _is_for_want(binaries, environ)
        running = _describe(placement, home, is_fallback=is_fallback)
        _start(placement, is_durable=server.durable)
        running = _running(home) or running  # a TCP port that was taken meanwhile is another one
    for note in running.notes:
        _LOG.warning("%s", note)
    return running


def stop(server: LocalServer, *, timeout_s: float = 60) -> tuple[ServerStatus, ...]:
    """Stop the server of every major; returns those that ran, as they were.

    Raises:
        ServerError: one does not end.
    """
    stopped = tuple(one for one in status(server) if _is_live(one.data))
    for one in stopped:
        with exclusive(server.home(one.major) / "lock"):
            _stop(one.data, timeout_s=timeout_s)
    return stopped


def status(server: LocalServer) -> tuple[ServerStatus, ...]:
    """Every major that has data, ascending, running or stopped."""
    return tuple(
        ServerStatus(major=major, data=cluster_of(home) / "data", running=_running(home))
        for major, home in ((major, server.home(major)) for major in server.majors())
    )


def reset(server: LocalServer, *, timeout_s: float = 60) -> tuple[ServerStatus, ...]:
    """Stop every major's server and delete its data; returns what there was.

    Raises:
        ServerError: one does not end, or its files cannot be deleted.
    """
    found = status(server)
    for one in found:
        home = server.home(one.major)
        with _writable(home), exclusive(home / "lock"):
            _stop(one.data, timeout_s=timeout_s)
            remove_data(home)
    return found


def _known_major(server: LocalServer, environ: Mapping[str, str]) -> int | None:
    """The major that is asked for, else that of the data to go on with, None where there is none.

    Data made by a fallback keeps its major, also when the embedded server can be had later; data
    that was made because a variable asked for it is used when the variable asks again.
    """
    asked = asked_major(environ)
    if asked is not None or environ.get(BINDIR, "").strip():
        return asked
    majors = server.majors()
    default = DEFAULT_MAJOR if DEFAULT_MAJOR in majors else None
    return next((major for major in reversed(majors) if _is_fallback(server.home(major))), default)


def _is_fallback(home: Path) -> bool:
    """Whether the data was made by whichever PostgreSQL was there."""
    with suppress(OSError):
        described = read_description(home)
        return described is not None and described.is_fallback
    return False


def _is_for_want(binaries: Binaries, environ: Mapping[str, str]) -> bool:
    """Whether nobody asked for this PostgreSQL: the embedded one was not to be had."""
    return asked_major(environ) is None and binaries.is_substitute


def _start(placement: Placement, *, is_durable: bool) -> None:
    """Start on the data that is there; data of a scratch server is made anew if it is broken."""
    clear_the_way(placement)
    try:
        ensure_data(placement)
        _launch(placement, is_durable=is_durable)
    except ServerError:
        if is_durable or not placement.data.exists():
            _remove_if_empty(placement.socket_dir)
            raise
        broken = placement.data.rename(placement.cluster / "data.new-broken")
        _LOG.warning("The scratch server's data was broken and is made anew (%s)", broken.parent)
        ensure_data(placement)
        _launch(placement, is_durable=is_durable)


def _launch(placement: Placement, *, is_durable: bool) -> None:
    """Launch the server; where somebody has taken its TCP port meanwhile, on another one."""
    for ports_left in reversed(range(_MOST_PORTS)):
        write_settings(placement, is_durable=is_durable)
        try:
            launch(placement)
        except ServerError as error:
            if not placement.is_tcp or _PORT_TAKEN not in error.what or not ports_left:
                raise
            placement = replace(placement, port=free_port())
        else:
            return


def _running(home: Path) -> RunningServer | None:
    """The home's server when it takes connections, read from the files that it keeps."""
    data = cluster_of(home) / "data"
    try:
        found = read_pid_file(data / "postmaster.pid")
        if found is None or found.socket_dir is None or not _is_of(found, data):
            return None
        if probe(found.socket_dir, found.port) is not Answer.READY:
            return None
        described = read_description(home)
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise _unwritable(home, error) from error
    if described is None:
        return None
    return _as_running(described, found.socket_dir, data, port=found.port)


def _is_of(found: PidFile, data: Path) -> bool:
    """Whether the file is about this data, not about that of which it is a copy."""
    return found.data == data or is_postmaster_of(found.pid, data)


def _describe(placement: Placement, home: Path, *, is_fallback: bool) -> RunningServer:
    """The server that is about to start, and what the next who asks will read."""
    described = Description(
        version=placement.binaries.version,
        origin=placement.binaries.origin,
        notes=placement.notes,
        is_fallback=is_fallback,
    )
    write_description(home, described)
    return _as_running(described, placement.socket_dir, placement.data, port=placement.port)


def _as_running(
    described: Description, socket_dir: Path, data: Path, *, port: int
) -> RunningServer:
    return RunningServer(
        socket_dir=socket_dir,
        port=port,
        version=described.version,
        origin=described.origin,
        data=data,
        notes=described.notes,
    )


def _is_live(data: Path) -> bool:
    found = read_pid_file(data / "postmaster.pid")
    return found is not None and is_postmaster_of(found.pid, data)


def _stop(data: Path, *, timeout_s: float) -> None:
    """Ensure that no postmaster serves the data; its socket's directory goes with it."""
    found = read_pid_file(data / "postmaster.pid")
    if found is None or not is_postmaster_of(found.pid, data):
        return
    is_down = shut_down(found.pid, data, timeout_s=timeout_s)
    if not is_down and not kill_at_once(found.pid, data, timeout_s=5):
        raise ServerError(
            f"the local server (process {found.pid}) does not end",
            where=str(data),
            todo="end the process by hand",
        )
    if found.socket_dir is not None:
        _remove_if_empty(found.socket_dir)


def _remove_if_empty(directory: Path) -> None:
    with suppress(OSError):
        directory.rmdir()


def _keep_out_of_git(state: Path) -> None:
    """Write the line by which git leaves out a whole directory."""
    ignore = state / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n", encoding="utf-8")


def _has_data(home: Path) -> bool:
    return (cluster_of(home) / "data").exists()


@contextmanager
def _writable(home: Path) -> Iterator[None]:
    """Ensure the home, and turn what the file system refuses into one clear error."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise _unwritable(home, error) from error


def _unwritable(home: Path, error: OSError) -> ServerError:
    return ServerError(
        f"a local server cannot keep its files here: {error.strerror or error}",
        where=str(error.filename or home),
        todo="make it writable for this user (another one, or root, may have made it), or free space",
    )
