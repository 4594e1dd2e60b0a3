"""Start a postmaster that outlives its starter, after what a dead one left behind is removed."""

from __future__ import annotations

import time
from pathlib import Path

from local_postgres.client import Answer, probe
from local_postgres.cluster import ENVIRONMENT
from local_postgres.errors import ServerError
from local_postgres.placement import Placement
from local_postgres.postmaster import (
    PidFile,
    is_alive,
    is_postmaster_of,
    kill_at_once,
    read_pid_file,
    shut_down,
)

# The shell ends at once: the server is no child of this process and holds none of its pipes.
_IN_THE_BACKGROUND = '"$@" </dev/null >>"$0" 2>&1 & echo $!'
_READY_WITHIN_S = 120
_MEMORY_FREE_WITHIN_S = 15
_TAIL_LINES = 5
_MAX_LOG_BYTES = 10_000_000
_SHUT_DOWN_WITHIN_S = 60
_END_WITHIN_S = 10


def launch(placement: Placement) -> None:
    """Start the server and return when it accepts connections.

    :raises ServerError: It ended, or is not ready in time; the message quotes the end of its log.
    """
    _rotate(placement.log)
    deadline = time.monotonic() + _MEMORY_FREE_WITHIN_S
    while True:
        offset = placement.log.stat().st_size if placement.log.exists() else 0
        pid = _spawn(placement)
        if _becomes_ready(placement, pid):
            return
        log_end = _tail(placement.log, offset)
        # The child processes of a killed postmaster keep its shared memory for a moment.
        is_held = "shared memory block" in log_end or "already exists" in log_end
        if not is_held or time.monotonic() > deadline:
            raise ServerError(
                f"the local server does not start ({placement.binaries.origin}):\n{log_end}",
                where=str(placement.log),
                todo=f"correct what the log says, or delete {placement.settings_dir} and start again",
            )
        time.sleep(0.3)


def _spawn(placement: Placement) -> int:
    """Start a postmaster in a session of its own, out of reach of Ctrl-C; return its process id."""
    command = (placement.binaries.program("postgres"), "-D", str(placement.settings_dir))
    result = placement.account.run(
        ("/bin/sh", "-c", _IN_THE_BACKGROUND, str(placement.log), *command),
        cwd=placement.cluster,
        env=ENVIRONMENT,
        umask=0o077,
        start_new_session=True,
    )
    if result.returncode != 0 or not result.stdout.strip().isdigit():
        raise ServerError(
            f"the local server cannot be launched: {result.stderr.strip()}",
            where=str(placement.cluster),
            todo="check the directory's permissions",
        )
    return int(result.stdout)


def _becomes_ready(placement: Placement, pid: int) -> bool:
    """Wait until the server answers or its process ends; return whether it answers.

    :raises ServerError: The process is alive, but does not answer in time.
    """
    deadline = time.monotonic() + _READY_WITHIN_S
    while time.monotonic() < deadline:
        if probe(placement.socket_dir, placement.port) is Answer.READY:
            return True
        if not is_alive(pid) and not _is_served_by_another(placement):
            return False
        time.sleep(0.02)
    raise ServerError(
        f"the local server is not ready after {_READY_WITHIN_S} s:\n{_tail(placement.log, 0)}",
        where=str(placement.log),
        todo="wait for its recovery, or stop it",
    )


def _is_served_by_another(placement: Placement) -> bool:
    """Return whether a postmaster that another process started serves the data."""
    found = read_pid_file(placement.data / "postmaster.pid")
    return found is not None and is_postmaster_of(found.pid, placement.data)


def _tail(log: Path, offset: int) -> str:
    """Return the last lines of a log after an offset, indented."""
    try:
        with log.open("rb") as file:
            file.seek(offset)
            lines = file.read().decode(errors="replace").splitlines()
    except FileNotFoundError:
        lines = []
    return "\n".join(f"    {line}" for line in lines[-_TAIL_LINES:]) or "    (the log is empty)"


def _rotate(log: Path) -> None:
    """Rename a log that is too long; one old log is kept."""
    if log.exists() and log.stat().st_size > _MAX_LOG_BYTES:
        log.replace(log.with_name("log.old"))


def wait_until_settled(data: Path) -> None:
    """Wait while a server is starting up or shutting down, for a minute at most."""
    deadline = time.monotonic() + _SHUT_DOWN_WITHIN_S
    while time.monotonic() < deadline:
        found = read_pid_file(data / "postmaster.pid")
        if (
            found is None
            or not is_postmaster_of(found.pid, data)
            or not _is_starting_or_stopping(found)
        ):
            return
        time.sleep(0.02)


def remove_stale_files(placement: Placement) -> None:
    """Remove the pid file and the socket of an earlier server, and end that server.

    A pid file may name a process that is alive but serves other data, or none, for example after a
    reboot: PostgreSQL would refuse to start because of the file.

    :raises ServerError: The server does not end.
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
    """End a server that cannot be used any more: its socket or its data is gone."""
    is_lost = not (data / "postmaster.pid").exists()
    if not is_lost and shut_down(pid, data, timeout_s=_SHUT_DOWN_WITHIN_S):
        return
    if not kill_at_once(pid, data, timeout_s=_END_WITHIN_S):
        raise ServerError(
            f"a server whose socket or data is gone (process {pid}) does not end",
            where=str(data),
            todo=f"end process {pid}",
        )


def _is_starting_or_stopping(found: PidFile) -> bool:
    """Return whether the server is not ready yet, or no longer."""
    if found.socket_dir is None or found.is_starting:
        return True
    return probe(found.socket_dir, found.port) is Answer.NOT_NOW
