"""Starting a postmaster that outlives its starter, and waiting until it answers."""

from __future__ import annotations

import time
from pathlib import Path

from alembic_proof.errors import ServerError
from alembic_proof.postgres._cluster import ENVIRONMENT
from alembic_proof.postgres._placement import Placement
from alembic_proof.postgres._postmaster import is_alive, is_postmaster_of, read_pid_file
from alembic_proof.postgres._probe import Answer, probe

# The shell ends at once: no child of ours remains, no pipe stays open.
_IN_THE_BACKGROUND = '"$@" </dev/null >>"$0" 2>&1 & echo $!'
_READY_WITHIN_S = 120
_LET_GO_WITHIN_S = 15
_TAIL_LINES = 5
_LONGEST_LOG_BYTES = 10_000_000


def launch(placement: Placement) -> None:
    """Start the server and return when it takes connections.

    Raises:
        ServerError: it ended, or is not ready in time; holds the last lines of its log.
    """
    _rotate(placement.log)
    deadline = time.monotonic() + _LET_GO_WITHIN_S
    while True:
        offset = placement.log.stat().st_size if placement.log.exists() else 0
        pid = _spawn(placement)
        if _becomes_ready(placement, pid):
            return
        said = _tail(placement.log, offset)
        # The children of a postmaster that was killed hold its memory for a moment.
        is_held = "shared memory block" in said or "already exists" in said
        if not is_held or time.monotonic() > deadline:
            raise ServerError(
                f"the local server does not start ({placement.binaries.origin}):\n{said}",
                where=str(placement.log),
                todo=f"correct what the log says, or delete {placement.settings_dir} and start again",
            )
        time.sleep(0.3)


def _spawn(placement: Placement) -> int:
    """The process id of a postmaster in a session of its own, where no Ctrl-C reaches it."""
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
    """Whether the server answers before its process ends.

    Raises:
        ServerError: it lives, and still does not answer.
    """
    deadline = time.monotonic() + _READY_WITHIN_S
    while time.monotonic() < deadline:
        if probe(placement.socket_dir, placement.port) is Answer.READY:
            return True
        if not is_alive(pid) and not _has_another(placement):
            return False
        time.sleep(0.02)
    raise ServerError(
        f"the local server is not ready after {_READY_WITHIN_S} s:\n{_tail(placement.log, 0)}",
        where=str(placement.log),
        todo="wait for its recovery, or stop it",
    )


def _has_another(placement: Placement) -> bool:
    """Whether a postmaster that somebody else started serves the data."""
    found = read_pid_file(placement.data / "postmaster.pid")
    return found is not None and is_postmaster_of(found.pid, placement.data)


def _tail(log: Path, offset: int) -> str:
    """The last lines of a log behind an offset, indented."""
    try:
        with log.open("rb") as file:
            file.seek(offset)
            lines = file.read().decode(errors="replace").splitlines()
    except FileNotFoundError:
        lines = []
    return "\n".join(f"    {line}" for line in lines[-_TAIL_LINES:]) or "    (it said nothing)"


def _rotate(log: Path) -> None:
    """Keep one old log when the present one is long."""
    if log.exists() and log.stat().st_size > _LONGEST_LOG_BYTES:
        log.replace(log.with_name("log.old"))
