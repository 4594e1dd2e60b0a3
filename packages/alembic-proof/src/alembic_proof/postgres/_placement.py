"""Where a server's files lie and as whom it runs: below the state, or elsewhere when root must."""

from __future__ import annotations

import hashlib
import os
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from alembic_proof.errors import ServerError
from alembic_proof.postgres._account import (
    ANOTHER,
    ONESELF,
    Account,
    has_a_name,
    is_root,
    user_namespace,
)
from alembic_proof.postgres._postmaster import is_postmaster_of, kill_at_once, read_pid_file
from alembic_proof.postgres._sockets import PORT, make_socket_directory, name_of, own_directory
from alembic_proof.postgres.binaries import Binaries

_ELSEWHERE = Path("/var/tmp")  # noqa: S108 - survives a reboot; the directories are checked
_MARKER = "elsewhere"


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """All that a start needs to know about places."""

    account: Account
    binaries: Binaries
    settings_dir: Path
    """Of postgresql.conf and pg_hba.conf; the server itself need not write here."""
    cluster: Path
    """Of the data and the log; the server writes here."""
    socket_dir: Path
    port: int = PORT
    """Of the socket's name, and of TCP where the server listens there."""
    is_tcp: bool = False
    """Whether the server listens on the loopback address as well."""
    notes: tuple[str, ...] = ()

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.cluster / "data"

    @property
    def log(self) -> Path:
        """What the server prints."""
        return self.cluster / "log"


def cluster_of(home: Path) -> Path:
    """The directory that holds the data of a home: itself, or the one that root's marker names."""
    if not is_root():
        return home
    try:
        return Path(home.joinpath(_MARKER).read_text(encoding="utf-8").strip()) / "cluster"
    except (FileNotFoundError, NotADirectoryError):
        return home


def place(
    home: Path, binaries: Binaries, environ: Mapping[str, str], *, is_durable: bool
) -> Placement:
    """The places of a server, made where they are missing.

    Raises:
        ServerError: a place cannot be made, or belongs to somebody else.
    """
    if not is_root() and has_a_name():
        return _at_home(home, binaries, environ, account=ONESELF)
    if not (home / _MARKER).exists():
        program = Path(binaries.program("postgres"))
        namespace = user_namespace(environ, home=home, program=program)
        if namespace is not None:
            return _at_home(home, binaries, environ, account=namespace)
        _refuse_the_nameless()
        _refuse_to_leave_data(home, is_durable=is_durable)
    return _elsewhere(home, binaries)


def remove_data(home: Path) -> None:
    """Delete a stopped server's files; the lock stays, others may wait for it."""
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


def _elsewhere(home: Path, binaries: Binaries) -> Placement:
    """Root's way where user namespaces are refused: another user, in a directory of its own."""
    root = _make_elsewhere(home)
    note = (
        "user namespaces are refused here: the server runs as uid "
        f"{ANOTHER.uid}, its data is in {root}"
    )
    return Placement(
        account=ANOTHER,
        binaries=_reachable(binaries, root),
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


def _refuse_the_nameless() -> None:
    """Raise for a user without a name: PostgreSQL wants one, and only root can be another."""
    if not is_root():
        raise ServerError(
            f"PostgreSQL wants a user with a name, and uid {os.getuid()} has none here",
            where="the user database (/etc/passwd)",
            todo="add the user to it, allow user namespaces, or run as another user",
        )


def _refuse_to_leave_data(home: Path, *, is_durable: bool) -> None:
    """Raise for data that root cannot serve here; an empty database instead would be a surprise."""
    data = home / "data"
    if not is_durable or not data.exists():
        return
    owner = data.stat().st_uid
    if owner != 0:
        raise ServerError(
            f"the local database belongs to uid {owner}",
            where=str(data),
            todo=f"run the command as that user, or delete {home} to start again",
        )
    raise ServerError(
        "the local database was made where user namespaces work, and they are refused here",
        where=str(data),
        todo=f"allow user namespaces, or delete {home} to start again",
    )


def _make_elsewhere(home: Path) -> Path:
    """The directory outside of the state, root's own, with one for the server's user in it."""
    root = _ELSEWHERE / f"alembic-proof-{name_of(home)}"
    if not (home / _MARKER).exists():
        _remove_orphan(root)
    own_directory(root, uid=0, mode=0o711)
    own_directory(root / "cluster", uid=ANOTHER.uid or 0)
    own_directory(root / "cluster" / "socket", uid=ANOTHER.uid or 0)
    (home / _MARKER).write_text(f"{root}\n", encoding="utf-8")
    return root


def _remove_orphan(root: Path) -> None:
    """Delete what a state that was deleted left behind, its server included."""
    if not root.exists() or root.lstat().st_uid != 0:
        return
    data = root / "cluster" / "data"
    found = read_pid_file(data / "postmaster.pid")
    if found and is_postmaster_of(found.pid, data):
        kill_at_once(found.pid, data, timeout_s=10)
    shutil.rmtree(root)


def _reachable(binaries: Binaries, root: Path) -> Binaries:
    """The same binaries, copied when the server's user cannot execute them where they are."""
    if _runs_as_another(binaries.bin_dir):
        return binaries
    source = binaries.bin_dir.parent
    digest = hashlib.sha256(os.fsencode(source)).hexdigest()[:8]
    target = root / f"postgresql-{binaries.version}-{digest}"
    if not target.exists():
        unfinished = root / f".unfinished-{uuid.uuid4().hex}"
        shutil.copytree(source, unfinished, symlinks=True)
        _open_to_all(unfinished)
        unfinished.rename(target)
    copied = target / binaries.bin_dir.name
    if not _runs_as_another(copied):
        raise ServerError(
            f"uid {ANOTHER.uid} cannot run the server's programs",
            where=str(copied),
            todo="check that /var/tmp is not mounted noexec, or do not run as root",
        )
    return replace(binaries, bin_dir=copied)


def _runs_as_another(bin_dir: Path) -> bool:
    try:
        return ANOTHER.run((str(bin_dir / "postgres"), "--version"), cwd="/").returncode == 0
    except (OSError, PermissionError):
        return False


def _open_to_all(root: Path) -> None:
    """Let everybody read, whatever umask the files were unpacked under."""
    for directory, _, names in os.walk(root):
        Path(directory).chmod(0o755)
        for path in (Path(directory, name) for name in names):
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
