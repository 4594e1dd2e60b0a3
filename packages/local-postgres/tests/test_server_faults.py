"""What may happen to a local server, and that the next start is none the worse for it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from local_postgres.errors import ServerError
from local_postgres.postmaster import is_alive
from local_postgres.server import LocalServer, RunningServer, start, stop

Starter = Callable[..., subprocess.Popen[str]]


def _pid(running: RunningServer) -> int:
    return int((running.data / "postmaster.pid").read_text().splitlines()[0])


def _answers(running: RunningServer) -> bool:
    with running.connect() as execute:
        return execute("SELECT 1") == (("1",),)


def _keep(running: RunningServer) -> None:
    with running.connect() as execute:
        execute("CREATE TABLE kept AS SELECT 1 AS x")


def _is_kept(running: RunningServer) -> bool:
    with running.connect() as execute:
        return execute("SELECT to_regclass('kept')") == (("kept",),)


def test_a_killed_server_starts_again_with_its_data(
    durable: LocalServer, environ: dict[str, str]
) -> None:
    """Kill -9 leaves children, shared memory, a pid file and a socket; none is in the way."""
    running = start(durable, environ)
    _keep(running)

    os.kill(_pid(running), signal.SIGKILL)

    assert _is_kept(start(durable, environ))


@pytest.mark.parametrize("pid", ["2147483647", "the test's own"])
def test_a_stale_pid_file_is_removed_even_if_its_process_lives(
    durable: LocalServer, environ: dict[str, str], pid: str
) -> None:
    """After a reboot the number may be anybody's; PostgreSQL alone would refuse to start."""
    running = start(durable, environ)
    pid_file = running.data / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    stop(durable)
    running.socket_dir.mkdir(mode=0o700)
    lines[0] = str(os.getpid()) if pid == "the test's own" else pid
    for path in (pid_file, running.socket_dir / ".s.PGSQL.5432.lock"):
        path.write_text("\n".join(lines) + "\n")
    (running.socket_dir / ".s.PGSQL.5432").touch()

    assert _answers(start(durable, environ))


def test_a_server_that_lost_its_socket_is_replaced(
    durable: LocalServer, environ: dict[str, str]
) -> None:
    """Cleaners of /tmp and logouts remove sockets; the old server ends, the data stays."""
    running = start(durable, environ)
    _keep(running)
    old = _pid(running)
    shutil.rmtree(running.socket_dir)

    again = start(durable, environ)

    assert _pid(again) != old
    assert _is_kept(again)


def test_a_state_deleted_under_a_live_server_is_recreated(
    durable: LocalServer, environ: dict[str, str]
) -> None:
    """The old server is ended, also where it still answers, and does not get in the way."""
    running = start(durable, environ)
    _keep(running)
    old = _pid(running)

    shutil.rmtree(durable.state)
    again = start(durable, environ)

    assert not _is_kept(again)
    assert not is_alive(old)


def test_a_copied_checkout_has_a_server_of_its_own(
    durable: LocalServer, environ: dict[str, str], tmp_path: Path
) -> None:
    """The copy's files speak of the original's server, which is neither used nor harmed."""
    original = start(durable, environ)
    copy = LocalServer(tmp_path / "copy", durable=True)
    shutil.copytree(durable.state, copy.state, ignore=shutil.ignore_patterns("data"))
    shutil.copytree(original.data, copy.home(int(original.version.split(".")[0])) / "data")

    try:
        copied = start(copy, environ)

        assert copied.socket_dir != original.socket_dir
        assert _answers(copied)
        assert _answers(original)
    finally:
        stop(copy)


def test_a_moved_checkout_keeps_its_data(
    durable: LocalServer, environ: dict[str, str], tmp_path: Path
) -> None:
    """The server may go on or be replaced; the data is the same, and no second server runs."""
    original = start(durable, environ)
    _keep(original)
    moved = LocalServer(tmp_path / "moved", durable=True)

    durable.state.rename(moved.state)

    try:
        assert _is_kept(start(moved, environ))
    finally:
        stop(moved)


def test_a_start_killed_during_initdb_does_not_block_the_next(
    starter: Starter, state: Path, durable: LocalServer, environ: dict[str, str]
) -> None:
    """The data directory is made whole under another name, or not at all."""
    process = starter()
    while not list(state.glob("*/data.new-*")):
        assert process.poll() is None
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)

    running = start(durable, environ)

    assert _answers(running)
    assert not list(state.glob("*/data.new-*"))


def test_broken_scratch_data_is_recreated(scratch: LocalServer, environ: dict[str, str]) -> None:
    """Nobody misses it."""
    running = start(scratch, environ)
    stop(scratch)
    (running.data / "global" / "pg_control").write_bytes(b"")

    assert _answers(start(scratch, environ))


def test_broken_durable_data_is_kept_and_the_log_is_quoted(
    durable: LocalServer, environ: dict[str, str]
) -> None:
    """A developer's data is never deleted; the error holds what the server said."""
    running = start(durable, environ)
    stop(durable)
    (running.data / "global" / "pg_control").write_bytes(b"")

    with pytest.raises(ServerError, match="pg_control") as caught:
        start(durable, environ)

    assert caught.value.where.endswith("log")
    assert (running.data / "base").exists()


def test_a_socket_directory_that_is_taken_keeps_nobody_from_starting(
    durable: LocalServer, environ: dict[str, str], tmp_path: Path
) -> None:
    """A user who puts a link in its place gets no server; it listens elsewhere."""
    running = start(durable, environ)
    stop(durable)
    running.socket_dir.symlink_to(tmp_path)

    try:
        again = start(durable, environ)
    finally:
        running.socket_dir.unlink()

    assert _answers(again)
    assert again.socket_dir != running.socket_dir
    assert not list(tmp_path.glob(".s.PGSQL*"))
    assert start(durable, environ).socket_dir == again.socket_dir
    stop(durable)
    assert not again.socket_dir.exists()
