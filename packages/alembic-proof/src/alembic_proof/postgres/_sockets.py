"""Where the socket lies: a short path that only its owner can enter."""

from __future__ import annotations

import hashlib
import os
import re
import socket
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path

from alembic_proof.errors import ServerError
from alembic_proof.postgres._probe import socket_path

PORT = 5432
_HIGHEST_PORT = 65535
LOOPBACK = "127.0.0.1"
# Source: https://man7.org/linux/man-pages/man7/unix.7.html (108 bytes; macOS has 104)
_LONGEST_BYTES = 103
# What needs no quoting anywhere: in an URL, in postgresql.conf, on a terminal.
_PLAIN = re.compile(r"/[\w/.+-]*", re.ASCII)


def free_port() -> int:
    """Return a TCP port of the loopback address that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        port: int = listener.getsockname()[1]
    return port


def name_of(state: Path) -> str:
    """A short name that belongs to one state directory."""
    return hashlib.sha256(os.fsencode(state)).hexdigest()[:16]


def make_socket_directory(state: Path, environ: Mapping[str, str]) -> Path:
    """The directory of a state's socket, mode 0700, made on demand.

    Raises:
        ServerError: none can be made, or it belongs to somebody else.
    """
    for base in _bases(environ):
        directory = base / f"alembic-proof-{os.getuid()}-{name_of(state)}"
        if _fits(directory) and os.access(base, os.W_OK | os.X_OK):
            own_directory(directory, uid=os.getuid())
            return directory
    raise ServerError(
        "there is no directory for the server's socket",
        where=", ".join(map(str, _bases(environ))),
        todo="make one of them writable, or set XDG_RUNTIME_DIR to a short path of your own",
    )


def own_directory(directory: Path, *, uid: int, mode: int = 0o700) -> None:
    """Ensure a directory of that owner and mode, which nobody else can have put there.

    Raises:
        ServerError: somebody else's, or no directory at all.
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
            todo="remove it",
        )
    if stat.S_IMODE(found.st_mode) != mode:
        directory.chmod(mode)


def _bases(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Directories to try, the most private first."""
    runtime = environ.get("XDG_RUNTIME_DIR", "")
    private = (Path(runtime),) if runtime.startswith("/") else ()
    return tuple(dict.fromkeys((*private, Path(tempfile.gettempdir()), Path("/tmp"))))  # noqa: S108


def _fits(directory: Path) -> bool:
    path = str(socket_path(directory, _HIGHEST_PORT))
    return bool(_PLAIN.fullmatch(path)) and len(os.fsencode(path)) <= _LONGEST_BYTES
