"""What a dead or lost server left behind, cleared before a new one starts."""

from __future__ import annotations

import time
from pathlib import Path

from alembic_proof.errors import ServerError
from alembic_proof.postgres._placement import Placement
from alembic_proof.postgres._postmaster import (
    PidFile,
    is_postmaster_of,
    kill_at_once,
    read_pid_file,
    shut_down,
)
from alembic_proof.postgres._probe import Answer, probe

_PATIENCE_S = 60
_LAST_PATIENCE_S = 10


def wait_while_on_the_way(data: Path) -> None:
    """Return when a server that starts up or shuts down has arrived, or after a minute."""
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        found = read_pid_file(data / "postmaster.pid")
        if found is None or not is_postmaster_of(found.pid, data) or not _is_on_the_way(found):
            return
        time.sleep(0.02)


def clear_the_way(placement: Placement) -> None:
    """Ensure that no server runs on the data or sits on the socket, and that no file says so.

    A file may name a process that lives but is no postmaster of this data: PostgreSQL would
    refuse to start because of it.

    Raises:
        ServerError: a server that must go does not.
    """
    data = placement.data
    locks = sorted(placement.socket_dir.glob(".s.PGSQL.*.lock"))
    for path in (data / "postmaster.pid", *locks):
        found = read_pid_file(path)
        if found is not None and is_postmaster_of(found.pid, data):
            _end(found.pid, data)
        path.unlink(missing_ok=True)
    for socket in placement.socket_dir.glob(".s.PGSQL.*"):
        socket.unlink(missing_ok=True)


def _end(pid: int, data: Path) -> None:
    """End a server that nobody can use: its socket or its data is gone."""
    is_lost = not (data / "postmaster.pid").exists()
    if not is_lost and shut_down(pid, data, timeout_s=_PATIENCE_S):
        return
    if not kill_at_once(pid, data, timeout_s=_LAST_PATIENCE_S):
        raise ServerError(
            f"a server whose socket or data is gone (process {pid}) does not end",
            where=str(data),
            todo="end the process by hand",
        )


def _is_on_the_way(found: PidFile) -> bool:
    """Whether it says that it is, or has not yet written where its socket will be."""
    if found.socket_dir is None or found.is_starting:
        return True
    return probe(found.socket_dir, found.port) is Answer.NOT_NOW
