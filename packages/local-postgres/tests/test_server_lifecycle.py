"""The life of a local server: started once, found again, stopped, reset."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from local_postgres.errors import ServerError
from local_postgres.server import LocalServer, RunningServer, reset, start, status, stop

Starter = Callable[..., subprocess.Popen[str]]


def _setting(running: RunningServer, name: str) -> str | None:
    with running.connect() as execute:
        ((value,),) = execute(f"SHOW {name}")
        return value


def test_a_server_starts_is_found_again_and_stops(
    durable: LocalServer, environ: dict[str, str]
) -> None:
    """The second start finds the first one's server; the status follows; the data stays."""
    assert status(durable) == ()

    first = start(durable, environ)
    second = start(durable, environ)
    (seen,) = status(durable)
    stopped = stop(durable)

    assert second == first == seen.running
    assert stopped == (seen,)
    assert [one.running for one in status(durable)] == [None]
    assert stop(durable) == ()
    assert not first.socket_dir.exists()
    assert start(durable, environ).data == first.data


def test_only_its_owner_reaches_it_and_no_network(
    durable: LocalServer, environ: dict[str, str]
) -> None:
    """There is no TCP port, and only this user can enter the socket's directory."""
    running = start(durable, environ)

    assert _setting(running, "listen_addresses") == ""
    assert running.socket_dir.stat().st_mode & 0o777 == 0o700
    assert len(os.fsencode(running.socket_dir / ".s.PGSQL.5432")) <= 103


def test_the_durable_server_syncs_and_the_scratch_server_does_not(
    durable: LocalServer, scratch: LocalServer, environ: dict[str, str]
) -> None:
    """They are two servers, and only one may forget."""
    kept, forgetful = start(durable, environ), start(scratch, environ)

    assert kept.data != forgetful.data
    assert _setting(kept, "fsync") == "on"
    assert _setting(forgetful, "fsync") == "off"


def test_databases_are_utf_8_and_sort_by_code_point(
    durable: LocalServer, environ: dict[str, str]
) -> None:
    """The sort order does not depend on the locale of the system."""
    environ["LC_ALL"] = "de_DE.UTF-8"
    running = start(durable, environ)

    with running.connect() as execute:
        letters = execute("SELECT x FROM unnest('{b,ä,a,B}'::text[]) AS x ORDER BY x")

    assert letters == (("B",), ("a",), ("b",), ("ä",))
    assert _setting(running, "server_encoding") == "UTF8"


def test_eight_starts_at_once_give_one_server(starter: Starter, state: Path) -> None:
    """All succeed, with the same data, and one postmaster."""
    processes = [starter("scratch") for _ in range(8)]

    said = {process.communicate(timeout=120)[0] for process in processes}

    assert {process.returncode for process in processes} == {0}
    assert len(said) == 1
    assert len(status(LocalServer(state, durable=False))) == 1


def test_the_server_outlives_its_starter_and_ctrl_c(starter: Starter, scratch: LocalServer) -> None:
    """The starter's pipe is closed when it ends, and its terminal's signals do not arrive."""
    code = (
        "import os, sys, time; from pathlib import Path; "
        "from local_postgres.server import LocalServer, start; "
        "start(LocalServer(Path(sys.argv[1]), durable=False), os.environ); "
        "print('up', flush=True); time.sleep(60)"
    )
    process = starter(code=code)
    assert process.stdout is not None
    said = list(itertools.takewhile(lambda line: line != "up\n", process.stdout))
    assert process.poll() is None, said

    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=20)

    assert process.returncode != 0
    (seen,) = status(scratch)
    assert seen.running is not None


def test_reset_deletes_the_data_and_nothing_else(
    durable: LocalServer, scratch: LocalServer, environ: dict[str, str]
) -> None:
    """After it there is no data of this server; the other one runs on."""
    start(scratch, environ)
    data = start(durable, environ).data

    (gone,) = reset(durable)

    assert gone.data == data
    assert not data.exists()
    assert status(durable) == ()
    assert status(scratch)[0].running is not None


def test_git_ignores_the_state(durable: LocalServer, environ: dict[str, str]) -> None:
    """Whatever the project's .gitignore says."""
    start(durable, environ)

    assert (durable.state / ".gitignore").read_text() == "*\n"


def test_data_of_another_major_is_refused_and_kept(
    durable: LocalServer, environ: dict[str, str]
) -> None:
    """The error names both versions and the directory; nothing is deleted."""
    data = start(durable, environ).data
    stop(durable)
    (data / "PG_VERSION").write_text("9.6\n")

    with pytest.raises(ServerError) as caught:
        start(durable, environ)

    assert "PostgreSQL 9.6's" in caught.value.what
    assert caught.value.where == str(data)
    assert data.exists()


def test_a_place_that_cannot_be_written_is_one_clear_error(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    """The error names the place; nothing else happens."""
    if os.geteuid() == 0:
        unwritable = Path("/proc/no-such-place")
    else:
        unwritable = tmp_path / "read-only"
        unwritable.mkdir(mode=0o500)

    with pytest.raises(ServerError, match="cannot keep its files here") as caught:
        start(LocalServer(unwritable / "state", durable=True), environ)

    assert caught.value.where.startswith(str(unwritable))


def test_a_warm_start_is_fast(durable: LocalServer, environ: dict[str, str]) -> None:
    """A server that runs is found by asking its socket, without any program or lock."""
    start(durable, environ)
    began = time.monotonic()

    for _ in range(10):
        start(durable, environ)

    assert time.monotonic() - began < 2


_IMPORT_ALL = """
import importlib, pkgutil, sys
import local_postgres
before = {name.partition(".")[0] for name in sys.modules}
for one in pkgutil.iter_modules(local_postgres.__path__, "local_postgres."):
    importlib.import_module(one.name)
LAST
loaded = {name.partition(".")[0] for name in sys.modules}
print(*sorted(loaded - before - set(sys.stdlib_module_names)))
"""


def test_the_server_needs_nothing_but_python() -> None:
    """Servers and databases are made before any driver is installed."""
    loaded = [
        subprocess.run(
            [sys.executable, "-c", _IMPORT_ALL.replace("LAST", last)],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        for last in ("", "import sqlalchemy")
    ]

    assert loaded[0] == []
    assert "sqlalchemy" in loaded[1]
