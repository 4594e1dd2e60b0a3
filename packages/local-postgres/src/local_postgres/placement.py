"""Choose the directories of a server's files and its socket, and the account that fits them."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
import socket
import stat
import tempfile
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from local_postgres.account import (
    CURRENT_USER,
    Account,
    has_user_name,
    is_root,
    is_runnable,
    user_namespace,
    user_of_its_own,
)
from local_postgres.binaries import Binaries
from local_postgres.client import socket_path
from local_postgres.errors import ServerError
from local_postgres.own_files import write_own
from local_postgres.postmaster import is_postmaster_of, kill_at_once, read_pid_file

PORT = 5432
"""The port in the socket's name; a server on TCP listens on another one."""
_HIGHEST_PORT = 65535
LOOPBACK = "127.0.0.1"
# Source: https://man7.org/linux/man-pages/man7/unix.7.html (108 bytes; macOS has 104)
_LONGEST_BYTES = 103
# Paths that need no quoting in a URL, in postgresql.conf or on a terminal.
_PLAIN = re.compile(r"/[\w/.+-]*", re.ASCII)
_OTHER_USER_DIRECTORY = Path("/var/tmp")  # noqa: S108 - survives a reboot; the directories are checked
_ELSEWHERE_NAME = re.compile(r"alembic-proof-[0-9a-f]{16}")
_MARKER = "elsewhere"
"""The file in a home that names the directory below /var/tmp."""


def free_port() -> int:
    """Return a TCP port of the loopback address on which no process listens now."""
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        port: int = listener.getsockname()[1]
    return port


def state_id(state: Path) -> str:
    """Return a short name that is different for each state directory."""
    return hashlib.sha256(os.fsencode(state)).hexdigest()[:16]


def make_socket_directory(state: Path, environ: Mapping[str, str]) -> Path:
    """Return the directory of a state's socket; make it, with mode 0700, unless it exists.

    Everybody may write to /tmp: where another user has taken the name, an unpredictable one is used.

    :raises ServerError: It cannot be made.
    """
    for base in _bases(environ):
        directory = base / f"alembic-proof-{os.getuid()}-{state_id(state)}"
        if _is_taken(directory):
            directory = directory.with_name(f"{directory.name}-{secrets.token_hex(4)}")
        if _fits(directory) and os.access(base, os.W_OK | os.X_OK):
            own_directory(directory, uid=os.getuid())
            return directory
    raise ServerError(
        "there is no directory for the server's socket",
        where=", ".join(map(str, _bases(environ))),
        todo="make one of them writable, or set XDG_RUNTIME_DIR to a short path of your own",
    )


def _is_taken(directory: Path) -> bool:
    """Return whether something of that name exists that is no directory of this user."""
    try:
        found = directory.lstat()
    except FileNotFoundError:
        return False
    return not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid()


def own_directory(directory: Path, *, uid: int, mode: int = 0o700) -> None:
    """Make the directory unless it exists, and give it that mode.

    :raises ServerError: It belongs to another user, or is no directory.
    """
    try:
        directory.mkdir(mode=0o700)
    except FileExistsError:
        pass
    else:
        if uid != os.getuid():
            os.chown(directory, uid, uid)
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != uid:
        raise ServerError(
            "a directory that must be this user's own belongs to somebody else",
            where=str(directory),
            todo="remove it, or ask its owner to",
        )
    if stat.S_IMODE(found.st_mode) != mode:
        directory.chmod(mode)


def _bases(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Return the directories to try, the most private first."""
    runtime = environ.get("XDG_RUNTIME_DIR", "")
    private = (Path(runtime),) if runtime.startswith("/") else ()
    return tuple(dict.fromkeys((*private, Path(tempfile.gettempdir()), Path("/tmp"))))  # noqa: S108


def _fits(directory: Path) -> bool:
    """Return whether a socket in the directory has a path that is short enough and needs no quotes."""
    path = str(socket_path(directory, _HIGHEST_PORT))
    return bool(_PLAIN.fullmatch(path)) and len(os.fsencode(path)) <= _LONGEST_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """The directories of a server, and as which user it runs."""

    account: Account
    binaries: Binaries
    settings_dir: Path
    """Of postgresql.conf and pg_hba.conf; the server only reads here."""
    cluster: Path
    """Of the data directory and the log; the server writes here."""
    socket_dir: Path
    port: int = PORT
    """In the socket's name, and on TCP if the server listens there."""
    is_tcp: bool = False
    """Whether the server listens on the loopback address too."""
    notes: tuple[str, ...] = ()

    @property
    def data(self) -> Path:
        """Return the data directory."""
        return self.cluster / "data"

    @property
    def log(self) -> Path:
        """Return the file of what the server prints."""
        return self.cluster / "log"


def cluster_of(home: Path) -> Path:
    """Return the directory with the data of a home: the home, or the one that root's marker names.

    :raises ServerError: The marker names a directory that cannot be one of ours.
    """
    if not is_root():
        return home
    marker = home / _MARKER
    try:
        named = Path(marker.read_text(encoding="utf-8").strip())
    except (FileNotFoundError, NotADirectoryError):
        return home
    if named.parent != _OTHER_USER_DIRECTORY or not _ELSEWHERE_NAME.fullmatch(named.name):
        raise ServerError(
            "the file does not name the directory of a local server",
            where=str(marker),
            todo="remove it: the directory that it names would be deleted with the server's data",
        )
    return named / "cluster"


def place(
    home: Path, binaries: Binaries, environ: Mapping[str, str], *, is_durable: bool
) -> Placement:
    """Choose the directories and the user of a server; make the directories that are missing.

    :raises ServerError: A directory cannot be made, or belongs to another user.
    """
    if not is_root() and has_user_name():
        return _at_home(home, binaries, environ, account=CURRENT_USER)
    if not (home / _MARKER).exists():
        program = Path(binaries.program("postgres"))
        namespace = user_namespace(environ, home=home, program=program)
        if namespace is not None:
            return _at_home(home, binaries, environ, account=namespace)
        _refuse_missing_user_name()
        _refuse_unreachable_data(home, is_durable=is_durable)
    return _as_other_user(home, binaries)


def remove_data(home: Path) -> None:
    """Delete a stopped server's files, except the lock: other processes may wait for it."""
    cluster = cluster_of(home)
    if cluster != home:
        shutil.rmtree(cluster.parent, ignore_errors=True)
    for path in home.iterdir() if home.exists() else ():
        if path.name == "lock":
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _as_other_user(home: Path, binaries: Binaries) -> Placement:
    """Return the placement for root without namespaces: another user, in a directory below /var/tmp."""
    root, account = _make_directory_below_var_tmp(home)
    note = (
        "user namespaces are refused here: the server runs as uid "
        f"{account.uid}, its data is in {root}"
    )
    return Placement(
        account=account,
        binaries=_reachable(binaries, root, account),
        settings_dir=root,
        cluster=root / "cluster",
        socket_dir=root / "cluster" / "socket",
        notes=(*binaries.notes, note),
    )


def _at_home(
    home: Path, binaries: Binaries, environ: Mapping[str, str], *, account: Account
) -> Placement:
    return Placement(
        account=account,
        binaries=binaries,
        settings_dir=home,
        cluster=home,
        socket_dir=make_socket_directory(home, environ),
        notes=binaries.notes,
    )


def _refuse_missing_user_name() -> None:
    """Raise for a user without a name: PostgreSQL needs one, and only root can become another user."""
    if not is_root():
        raise ServerError(
            f"PostgreSQL needs a user with a name, and uid {os.getuid()} has none here",
            where="the user database (/etc/passwd)",
            todo="add the user to it, allow user namespaces, or run as another user",
        )


def _refuse_unreachable_data(home: Path, *, is_durable: bool) -> None:
    """Raise for existing data that root cannot serve here, instead of starting with an empty database."""
    data = home / "data"
    if not is_durable or not data.exists():
        return
    raise ServerError(
        "the local database was made where user namespaces work, and they are refused here",
        where=str(data),
        todo=f"allow user namespaces, or delete {home} to start again",
    )


def _make_directory_below_var_tmp(home: Path) -> tuple[Path, Account]:
    """Make root's directory outside of the state, and in it one for the server's user; return both."""
    root = _OTHER_USER_DIRECTORY / f"alembic-proof-{state_id(home)}"
    if not (home / _MARKER).exists():
        _remove_orphan(root)
    own_directory(root, uid=0, mode=0o711)
    account = _owner_of(root / "cluster") or user_of_its_own(root.name)
    own_directory(root / "cluster", uid=account.uid or 0)
    own_directory(root / "cluster" / "socket", uid=account.uid or 0)
    write_own(home / _MARKER, f"{root}\n")
    return root, account


def _owner_of(cluster: Path) -> Account | None:
    """Return the user that existing data belongs to; only root can have made its directory."""
    return Account(uid=cluster.lstat().st_uid) if cluster.exists() else None


def _remove_orphan(root: Path) -> None:
    """Delete what a deleted state left there, and end its server."""
    if not root.exists() or root.lstat().st_uid != 0:
        return
    data = root / "cluster" / "data"
    found = read_pid_file(data / "postmaster.pid")
    if found and is_postmaster_of(found.pid, data):
        kill_at_once(found.pid, data, timeout_s=10)
    shutil.rmtree(root)


def _reachable(binaries: Binaries, root: Path, account: Account) -> Binaries:
    """Return the binaries; a copy of them if the user cannot execute them where they are."""
    if is_runnable(binaries.bin_dir, account):
        return binaries
    source = binaries.bin_dir.parent
    digest = hashlib.sha256(os.fsencode(source)).hexdigest()[:8]
    target = root / f"postgresql-{binaries.version}-{digest}"
    if not target.exists():
        unfinished = root / f".unfinished-{uuid.uuid4().hex}"
        shutil.copytree(source, unfinished, symlinks=True)
        _make_readable(unfinished)
        unfinished.rename(target)
    copied = target / binaries.bin_dir.name
    if not is_runnable(copied, account):
        raise ServerError(
            f"uid {account.uid} cannot run the server's programs",
            where=str(copied),
            todo="check that /var/tmp is not mounted noexec, or do not run as root",
        )
    return replace(binaries, bin_dir=copied)


def _make_readable(root: Path) -> None:
    """Let every user read the files, whatever umask they were unpacked with."""
    for directory, _, names in os.walk(root):
        Path(directory).chmod(0o755)
        for path in (Path(directory, name) for name in names):
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
