"""The postmaster, a server's main process: find it through its pid file, check it, end it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class PidFile:
    """The contents of a postmaster.pid, or of the lock file beside a socket."""

    pid: int
    data: Path
    port: int
    socket_dir: Path | None
    is_starting: bool = False


def read_pid_file(path: Path) -> PidFile | None:
    """Return the contents of the file; None without one, or while it is being written.

    Source: https://www.postgresql.org/docs/current/storage-file-layout.html
    """
    try:
        lines = path.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
        pid, data, port = abs(int(lines[0])), Path(lines[1]), int(lines[3])
    except (FileNotFoundError, NotADirectoryError, ValueError, IndexError):
        return None
    socket_dir = Path(lines[4]) if len(lines) > 4 and lines[4] else None
    is_starting = len(lines) > 7 and lines[7].strip() == "starting"
    return PidFile(pid, data, port, socket_dir, is_starting)


def is_postmaster_of(pid: int, data: Path) -> bool:
    """Return whether the process is a postmaster that works in that data directory, even a deleted one."""
    proc = Path(f"/proc/{pid}")
    if sys.platform == "linux" and Path("/proc/self").exists():
        try:
            directory = str((proc / "cwd").readlink()).removesuffix(" (deleted)")
            program = (proc / "comm").read_text(encoding="utf-8", errors="replace").strip()
        except OSError:  # gone, a zombie, or somebody else's
            return False
        return Path(directory) == data.resolve() and program.startswith("postgres")
    listed = subprocess.run(
        ["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return "postgres" in listed.stdout


def is_alive(pid: int) -> bool:
    """Return whether the process exists and has not ended; a zombie has ended."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return not Path("/proc/self").exists()
    return not stat.rpartition(")")[2].lstrip().startswith("Z")


def shut_down(pid: int, data: Path, *, timeout_s: float) -> bool:
    """Ask the postmaster for a fast shutdown, which disconnects clients; return whether it ended in time.

    Source: https://www.postgresql.org/docs/current/server-shutdown.html
    """
    _signal(pid, signal.SIGINT)
    return _has_ended(pid, data, timeout_s=timeout_s)


def kill_at_once(pid: int, data: Path, *, timeout_s: float) -> bool:
    """Ask it for an immediate shutdown, after which the data recovers; return whether it ended in time."""
    _signal(pid, signal.SIGQUIT)
    return _has_ended(pid, data, timeout_s=timeout_s)


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _has_ended(pid: int, data: Path, *, timeout_s: float) -> bool:
    deadline = time.monotonic() + timeout_s
    while is_postmaster_of(pid, data):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
