"""Root: PostgreSQL must not see it, with user namespaces and without."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from local_postgres.account import NOBODY, give
from local_postgres.errors import ServerError
from local_postgres.server import LocalServer, RunningServer, reset, start, status, stop

ELSEWHERE = "/var/tmp"  # noqa: S108 - where the server puts it, in a checked directory
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="these tests are about root")


def _uid_of(running: RunningServer) -> int:
    pid = (running.data / "postmaster.pid").read_text().splitlines()[0]
    return Path(f"/proc/{pid}").stat().st_uid


def _answers(running: RunningServer) -> bool:
    with running.connect() as execute:
        return execute("SELECT 1") == (("1",),)


def test_where_namespaces_are_refused_each_server_runs_as_another_user(
    durable: LocalServer, scratch: LocalServer, without_namespaces: dict[str, str]
) -> None:
    """The data is outside of the state, only that user can read it, and a message says so.

    No other program runs as that user: one that does could read the files and trace the server.
    """
    running, other = (start(one, without_namespaces) for one in (durable, scratch))

    assert _answers(running)
    uid = _uid_of(running)
    assert uid != _uid_of(other)
    assert running.data.is_relative_to(ELSEWHERE)
    assert {path.lstat().st_uid for path in running.data.parent.rglob("*")} == {uid}
    assert running.data.parent.stat().st_mode & 0o777 == 0o700
    assert any(ELSEWHERE in note and f"uid {uid}" in note for note in running.notes)
    with pytest.raises(KeyError):
        pwd.getpwuid(uid)


def test_data_of_nobody_stays_usable(
    durable: LocalServer, without_namespaces: dict[str, str]
) -> None:
    """It was made where there was no other user, or by an earlier version."""
    running = start(durable, without_namespaces)
    stop(durable)
    give(running.data.parent, NOBODY)

    assert _uid_of(start(durable, without_namespaces)) == NOBODY.uid


def test_where_user_ids_are_limited_the_server_runs_as_nobody() -> None:
    """Some containers have few of them, and the kernel refuses others."""
    program = "from local_postgres.account import user_of_its_own as u; print(u('x').uid)"
    command = [sys.executable, "-c", program]
    limited = ["unshare", "--user", "--map-root-user", *command]

    here, there = (
        subprocess.run(one, capture_output=True, text=True, check=False)
        for one in (command, limited)
    )

    if there.returncode:
        pytest.skip("user namespaces are refused here")
    assert there.stdout == f"{NOBODY.uid}\n"
    assert here.stdout != there.stdout  # the control


def test_data_elsewhere_is_used_again_stopped_and_reset(
    durable: LocalServer, without_namespaces: dict[str, str]
) -> None:
    """Also by a command that finds user namespaces allowed. What is not root's own is not used."""
    first = start(durable, without_namespaces)
    stop(durable)
    assert status(durable)[0].running is None

    again = start(durable, dict(os.environ))
    reset(durable)

    assert again.data == first.data
    root = first.data.parent.parent
    assert not root.exists()

    root.mkdir()  # everybody may do so in /var/tmp
    os.chown(root, 12345, 12345)
    try:
        with pytest.raises(ServerError, match="belongs to somebody else") as caught:
            start(durable, without_namespaces)
    finally:
        root.rmdir()

    assert caught.value.where == str(root)


def test_a_deleted_state_takes_the_data_elsewhere_with_it(
    durable: LocalServer, without_namespaces: dict[str, str]
) -> None:
    """Deleting the state deletes the data, also outside of it and while the server runs."""
    running = start(durable, without_namespaces)
    with running.connect() as execute:
        execute("CREATE TABLE old AS SELECT 1 AS x")

    shutil.rmtree(durable.state)
    again = start(durable, without_namespaces)

    with again.connect() as execute:
        assert execute("SELECT to_regclass('old')") == ((None,),)


def test_a_killed_server_of_another_user_starts_again(
    scratch: LocalServer, without_namespaces: dict[str, str]
) -> None:
    """Kill -9 is no different there; it has the same user."""
    running = start(scratch, without_namespaces)
    uid = _uid_of(running)

    os.kill(int((running.data / "postmaster.pid").read_text().splitlines()[0]), signal.SIGKILL)

    assert _answers(start(scratch, without_namespaces))
    assert _uid_of(running) == uid


def test_data_of_a_namespace_is_not_left_behind_silently(
    durable: LocalServer, without_namespaces: dict[str, str]
) -> None:
    """A developer's database does not turn empty because the kernel changed its mind."""
    namespaced = start(durable, dict(os.environ))
    if namespaced.data.is_relative_to(ELSEWHERE):
        pytest.skip("user namespaces are refused here")
    assert _uid_of(namespaced) == 0
    stop(durable)

    with pytest.raises(ServerError, match="user namespaces"):
        start(durable, without_namespaces)

    assert namespaced.data.exists()
