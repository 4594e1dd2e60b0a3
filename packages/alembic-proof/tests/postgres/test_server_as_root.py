"""Root: PostgreSQL must not see it, with user namespaces and without."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import pytest

from alembic_proof.errors import ServerError
from alembic_proof.postgres.connect import run_on
from alembic_proof.postgres.server import LocalServer, RunningServer, reset, start, status, stop

ELSEWHERE = "/var/tmp"  # noqa: S108 - where the server puts it, in a checked directory
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="these tests are about root")


def _uid_of(running: RunningServer) -> int:
    pid = (running.data / "postmaster.pid").read_text().splitlines()[0]
    return Path(f"/proc/{pid}").stat().st_uid


def _answers(running: RunningServer) -> bool:
    return run_on(running.url("postgres"), lambda c: c.exec_driver_sql("SELECT 1").scalar()) == 1


def test_where_namespaces_are_refused_the_server_runs_as_another_user(
    durable: LocalServer, without_namespaces: dict[str, str]
) -> None:
    """Its data lies outside of the state, only that user may enter, and the user is told."""
    running = start(durable, without_namespaces)

    assert _answers(running)
    assert _uid_of(running) == 65534
    assert running.data.is_relative_to(ELSEWHERE)
    assert running.data.parent.stat().st_uid == 65534
    assert running.data.parent.stat().st_mode & 0o777 == 0o700
    assert any(ELSEWHERE in note for note in running.notes)


def test_data_elsewhere_is_used_again_stopped_and_reset(
    durable: LocalServer, without_namespaces: dict[str, str], environ: dict[str, str]
) -> None:
    """Also by a command that finds user namespaces allowed."""
    first = start(durable, without_namespaces)
    stop(durable)
    assert status(durable)[0].running is None

    again = start(durable, dict(os.environ))
    reset(durable)

    assert again.data == first.data
    assert not first.data.parent.parent.exists()


def test_a_deleted_state_takes_the_data_elsewhere_with_it(
    durable: LocalServer, without_namespaces: dict[str, str]
) -> None:
    """Deleting the state means starting anew, wherever the data lies and whatever runs on it."""
    running = start(durable, without_namespaces)
    url = running.url("postgres")
    run_on(url, lambda c: c.exec_driver_sql("CREATE TABLE old AS SELECT 1 AS x"))

    shutil.rmtree(durable.state)
    again = start(durable, without_namespaces)

    found = run_on(
        again.url("postgres"), lambda c: c.exec_driver_sql("SELECT to_regclass('old')").scalar()
    )
    assert found is None


def test_a_killed_server_of_another_user_starts_again(
    scratch: LocalServer, without_namespaces: dict[str, str]
) -> None:
    """Kill -9 is no different there."""
    running = start(scratch, without_namespaces)

    os.kill(int((running.data / "postmaster.pid").read_text().splitlines()[0]), signal.SIGKILL)

    assert _answers(start(scratch, without_namespaces))


def test_a_directory_elsewhere_that_somebody_else_made_is_refused(
    durable: LocalServer, without_namespaces: dict[str, str]
) -> None:
    """Everybody may write to /var/tmp; what is not root's own is not used."""
    root = start(durable, without_namespaces).data.parent.parent
    reset(durable)
    root.mkdir()
    os.chown(root, 12345, 12345)

    try:
        with pytest.raises(ServerError, match="belongs to somebody else") as caught:
            start(durable, without_namespaces)
    finally:
        root.rmdir()

    assert caught.value.where == str(root)


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
