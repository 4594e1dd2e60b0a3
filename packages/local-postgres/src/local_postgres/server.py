"""Start a local PostgreSQL server unless it is running; find it again, stop it, delete its data."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from urllib.parse import quote

from local_postgres.binaries import BINDIR, Binaries, asked_major, locate_binaries
from local_postgres.client import SUPERUSER, Answer, Execute, connect, probe
from local_postgres.cluster import ensure_data, write_settings
from local_postgres.download import DEFAULT_MAJOR
from local_postgres.errors import ServerError
from local_postgres.file_lock import exclusive
from local_postgres.launch import launch, remove_stale_files, wait_until_settled
from local_postgres.own_files import own_path, refuse_foreign, write_own
from local_postgres.placement import (
    LOOPBACK,
    Placement,
    cluster_of,
    free_port,
    place,
    remove_data,
)
from local_postgres.postmaster import (
    PidFile,
    is_postmaster_of,
    kill_at_once,
    read_pid_file,
    shut_down,
)

_PORTS_TO_TRY = 5
_PORT_TAKEN = "could not create any TCP/IP sockets"
_DESCRIPTION = "server.json"
_IGNORE = ".gitignore"
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LocalServer:
    """A server of a state directory.

    :param state: The directory of the data of all its servers, one for each major version.
    :param durable: Whether its data survives a crash of the machine (fsync). Scratch servers are
        faster, and their data is created again if it is damaged.
    :param is_tcp: Whether it listens on the loopback address too, on a port that is free at the start.
    """

    state: Path
    durable: bool
    is_tcp: bool = False

    def home(self, major: int) -> Path:
        """Return the absolute directory of a major version's files."""
        state = own_path(self.state)
        return state / str(major) if self.durable else state / "scratch" / str(major)

    def majors(self) -> tuple[int, ...]:
        """Return the major versions that have data, ascending."""
        parent = self.home(0).parent
        names = (path.name for path in parent.glob("[0-9]*"))
        majors = sorted(int(name) for name in names if name.isdigit())
        return tuple(major for major in majors if _has_data(self.home(major)))

    def refuse_foreign_files(self) -> None:
        """Refuse links, and what belongs to another user, in the state directory.

        :raises ServerError: There is one.
        """
        state, parent = own_path(self.state), self.home(0).parent
        refuse_foreign([state, parent, state / _IGNORE])
        for home in parent.glob("[0-9]*"):
            refuse_foreign([home])
            refuse_foreign(home.iterdir() if home.is_dir() else ())


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningServer:
    """A server that accepts connections.

    :param origin: Where its programs come from: `embedded 18.4`.
    :param data: Its data directory.
    :param notes: Lines for the user.
    """

    socket_dir: Path
    port: int
    version: str
    origin: str
    data: Path
    notes: tuple[str, ...] = ()

    def url(self, database: str, user: str = SUPERUSER) -> str:
        """Return the URL of a database as that user; there is no password."""
        socket = f"host={quote(str(self.socket_dir))}&port={self.port}"
        return f"postgresql://{quote(user, safe='')}@/{quote(database, safe='')}?{socket}"

    def tcp_url(self, database: str, user: str, *, password: str) -> str:
        """Return the URL by the loopback address, where a password is asked for."""
        login = f"{quote(user, safe='')}:{quote(password, safe='')}"
        return f"postgresql://{login}@{LOOPBACK}:{self.port}/{quote(database, safe='')}"

    def connect(
        self, database: str = "postgres", user: str = SUPERUSER
    ) -> AbstractContextManager[Execute]:
        """Open a session for the length of a `with` block; it gives what runs its statements."""
        return connect(self.socket_dir, self.port, user=user, database=database)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerStatus:
    """The server of one major version; `running` is None if it is stopped."""

    major: int
    data: Path
    running: RunningServer | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Description:
    """The content of server.json in a home: written before a start, read by every command."""

    version: str
    origin: str
    notes: tuple[str, ...]
    is_fallback: bool
    """Whether an installed PostgreSQL made the data because the embedded one could not be fetched."""


def start(server: LocalServer, environ: Mapping[str, str]) -> RunningServer:
    """Return the running server; start it if it is not running.

        url = start(LocalServer(Path(".postgres"), durable=True), os.environ).url("postgres")

    Any number of processes may call this at once.

    :raises SettingsError: An environment variable that cannot be used.
    :raises ServerError: No PostgreSQL, no directory to write to, or a server that does not start.

    Locks: flock on the home's `lock` while starting.
    """
    server.refuse_foreign_files()
    major = _known_major(server, environ)
    running = _running(server.home(major)) if major else None
    if running:
        return running
    binaries = locate_binaries(environ, major=major)
    home = server.home(binaries.major)
    with _writable(home), exclusive(home / "lock"):
        wait_until_settled(cluster_of(home) / "data")
        running = _running(home)
        if running:
            return running
        _keep_out_of_git(server.state)
        placement = place(home, binaries, environ, is_durable=server.durable)
        if server.is_tcp:
            placement = replace(placement, port=free_port(), is_tcp=True)
        is_fallback = _is_fallback(home) or _is_substitute(binaries, environ)
        running = _describe(placement, home, is_fallback=is_fallback)
        _start(placement, is_durable=server.durable)
        running = _running(home) or running  # it may listen on another TCP port
    for note in running.notes:
        _LOG.warning("%s", note)
    return running


def stop(server: LocalServer, *, timeout_s: float = 60) -> tuple[ServerStatus, ...]:
    """Stop the server of every major version; return the servers that were running, as they were.

    :raises ServerError: One does not end.
    """
    stopped = tuple(one for one in status(server) if _is_live(one.data))
    for one in stopped:
        with exclusive(server.home(one.major) / "lock"):
            _stop(one.data, timeout_s=timeout_s)
    return stopped


def status(server: LocalServer) -> tuple[ServerStatus, ...]:
    """Return the servers of all major versions that have data, ascending, running or stopped.

    :raises ServerError: A file is a link or belongs to another user.
    """
    server.refuse_foreign_files()
    return tuple(
        ServerStatus(major=major, data=cluster_of(home) / "data", running=_running(home))
        for major, home in ((major, server.home(major)) for major in server.majors())
    )


def reset(server: LocalServer, *, timeout_s: float = 60) -> tuple[ServerStatus, ...]:
    """Stop the server of every major version and delete its data; return what was deleted.

    :raises ServerError: One does not end, or its files cannot be deleted.
    """
    found = status(server)
    for one in found:
        home = server.home(one.major)
        with _writable(home), exclusive(home / "lock"):
            _stop(one.data, timeout_s=timeout_s)
            remove_data(home)
    return found


def _known_major(server: LocalServer, environ: Mapping[str, str]) -> int | None:
    """Return the major version that is asked for, else that of existing data; None without either.

    Data of a fallback keeps its major version, also when the embedded PostgreSQL can be fetched later.
    Data that was made because an environment variable asked for it is used only if it asks again.
    """
    asked = asked_major(environ)
    if asked is not None or environ.get(BINDIR, "").strip():
        return asked
    majors = server.majors()
    default = DEFAULT_MAJOR if DEFAULT_MAJOR in majors else None
    return next((major for major in reversed(majors) if _is_fallback(server.home(major))), default)


def _is_fallback(home: Path) -> bool:
    """Return whether an installed PostgreSQL made the data for want of the embedded one."""
    with suppress(OSError):
        described = _read_description(home)
        return described is not None and described.is_fallback
    return False


def _is_substitute(binaries: Binaries, environ: Mapping[str, str]) -> bool:
    """Return whether it is used only because the embedded one could not be fetched."""
    return asked_major(environ) is None and binaries.is_substitute


def _start(placement: Placement, *, is_durable: bool) -> None:
    """Start the server on its data; create the data of a scratch server again if it is damaged."""
    remove_stale_files(placement)
    try:
        ensure_data(placement)
        _launch(placement, is_durable=is_durable)
    except ServerError:
        if is_durable or not placement.data.exists():
            _remove_if_empty(placement.socket_dir)
            raise
        broken = placement.data.rename(placement.cluster / "data.new-broken")
        _LOG.warning(
            "The scratch server's data was damaged; it is created again (%s)", broken.parent
        )
        ensure_data(placement)
        _launch(placement, is_durable=is_durable)


def _launch(placement: Placement, *, is_durable: bool) -> None:
    """Launch the server; on another TCP port if a process has taken that one."""
    for ports_left in reversed(range(_PORTS_TO_TRY)):
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
    """Return the home's server if it accepts connections, as its files describe it."""
    data = cluster_of(home) / "data"
    try:
        found = read_pid_file(data / "postmaster.pid")
        if found is None or found.socket_dir is None or not _is_of(found, data):
            return None
        if probe(found.socket_dir, found.port) is not Answer.READY:
            return None
        described = _read_description(home)
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise _unwritable(home, error) from error
    if described is None:
        return None
    return _as_running(described, found.socket_dir, data, port=found.port)


def _is_of(found: PidFile, data: Path) -> bool:
    """Return whether the pid file is of this data; in a copied directory it is of the original's."""
    return found.data == data or is_postmaster_of(found.pid, data)


def _describe(placement: Placement, home: Path, *, is_fallback: bool) -> RunningServer:
    """Write the description of the server that is about to start, and return that server."""
    described = _Description(
        version=placement.binaries.version,
        origin=placement.binaries.origin,
        notes=placement.notes,
        is_fallback=is_fallback,
    )
    write_own(home / _DESCRIPTION, json.dumps(asdict(described)))
    return _as_running(described, placement.socket_dir, placement.data, port=placement.port)


def _read_description(home: Path) -> _Description | None:
    """Return the home's description; None without one, or if it is incomplete.

    :raises OSError: The file exists and cannot be read.
    """
    try:
        fields = json.loads((home / _DESCRIPTION).read_text(encoding="utf-8"))
        return _Description(
            version=fields["version"],
            origin=fields["origin"],
            notes=tuple(fields["notes"]),
            is_fallback=bool(fields["is_fallback"]),
        )
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError):
        return None


def _as_running(
    described: _Description, socket_dir: Path, data: Path, *, port: int
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
    """End the postmaster of the data, if any, and remove its socket's directory."""
    found = read_pid_file(data / "postmaster.pid")
    if found is None or not is_postmaster_of(found.pid, data):
        return
    is_down = shut_down(found.pid, data, timeout_s=timeout_s)
    if not is_down and not kill_at_once(found.pid, data, timeout_s=5):
        raise ServerError(
            f"the local server (process {found.pid}) does not end",
            where=str(data),
            todo=f"end process {found.pid}",
        )
    if found.socket_dir is not None:
        _remove_if_empty(found.socket_dir)


def _remove_if_empty(directory: Path) -> None:
    with suppress(OSError):
        directory.rmdir()


def _keep_out_of_git(state: Path) -> None:
    """Write a .gitignore that leaves out the whole directory."""
    ignore = state / _IGNORE
    if not ignore.exists():
        ignore.write_text("*\n", encoding="utf-8")


def _has_data(home: Path) -> bool:
    return (cluster_of(home) / "data").exists()


@contextmanager
def _writable(home: Path) -> Iterator[None]:
    """Make the home, and raise a `ServerError` for what the file system refuses in the block."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise _unwritable(home, error) from error


def _unwritable(home: Path, error: OSError) -> ServerError:
    return ServerError(
        f"a local server cannot keep its files here: {error.strerror or error}",
        where=str(error.filename or home),
        todo="make it writable for this user (another user, or root, may have made it), or free space",
    )
