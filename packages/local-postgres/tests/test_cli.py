"""The command `local-postgres`, on a server of its own."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local_postgres.cli import main, open_shell, shell_environment
from local_postgres.database import LocalDatabase
from local_postgres.errors import SettingsError
from local_postgres.server import LocalServer, RunningServer, start, stop

_SETTINGS = """\
[tool.local-postgres]
data = "state"
database = "shop"
owner = "keeper"
app_login = "till"
"""
_SHOP = LocalDatabase(state=Path("/shop/state"), database="shop", owner="keeper")
_RUNNING = RunningServer(
    socket_dir=Path("/run/pg"), port=5432, version="18.4", origin="embedded 18.4", data=Path("/x")
)
Command = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalDatabase]:
    """Yield a project with a local database, found from a directory of it; its servers end with it."""
    root = tmp_path_factory.mktemp("project")
    root.joinpath("pyproject.toml").write_text(_SETTINGS, encoding="utf-8")
    root.joinpath("src").mkdir()
    yield LocalDatabase(state=root / "state", database="shop", owner="keeper")
    for is_durable in (True, False):
        stop(LocalServer(root / "state", durable=is_durable))


@pytest.fixture
def command(project: LocalDatabase, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run the command in the project; return exit code, output and errors."""

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(["--directory", str(project.state.parent / "src"), *arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def _run(project: LocalDatabase, statement: str) -> tuple[tuple[str | None, ...], ...]:
    with start(project.server, os.environ).connect("shop", "keeper") as execute:
        return execute(statement)


def _tables(project: LocalDatabase) -> list[str | None]:
    query = "SELECT tablename FROM pg_catalog.pg_tables WHERE schemaname = 'public'"
    return [name for (name,) in _run(project, query)]


class _Terminal(io.StringIO):
    """A terminal at which a text is typed."""

    def isatty(self) -> bool:
        return True


def test_the_server_s_life(command: Command) -> None:
    """Nothing, started, running, stopped, stopped already: each is said, and each is 0."""
    steps = ("status", "start", "status", "stop", "status", "stop")

    results = [command(step) for step in steps]

    assert [code for code, _, _ in results] == [0] * len(steps)
    said = [out for _, out, _ in results]
    assert said[0].startswith("no server yet")
    assert said[1].startswith("ready: shop on socket ")
    assert " running " in said[2]
    assert said[3].startswith("stopped: local server, PostgreSQL ")
    assert " stopped " in said[4]
    assert said[5] == "no server was running\n"


def test_the_url_is_that_of_the_owner(command: Command, project: LocalDatabase) -> None:
    """It starts the server when that is stopped, and prints one line."""
    code, out, err = command("url")

    running = start(project.server, os.environ)
    assert (code, out, err) == (0, f"{running.url('shop', 'keeper')}\n", "")


def test_reset_empties_the_local_database(command: Command, project: LocalDatabase) -> None:
    """Sessions in it are ended."""
    command("start")
    _run(project, "CREATE TABLE public.goods (id integer)")

    with start(project.server, os.environ).connect("shop", "keeper"):
        code, out, _ = command("reset", "--yes")

    assert code == 0
    assert out.startswith("empty: shop on socket ")
    assert _tables(project) == []


def test_reset_does_nothing_without_confirmation(
    command: Command, project: LocalDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a terminal it wants --yes; on one, the database's name."""
    command("start")
    _run(project, "CREATE TABLE public.kept (id integer)")
    monkeypatch.setattr("sys.stdin", io.StringIO())
    refused = [command("reset")]
    for answer in ("y\n", "shops\n"):
        monkeypatch.setattr("sys.stdin", _Terminal(answer))
        refused.append(command("reset"))

    assert [code for code, _, _ in refused] == [2, 2, 2]
    assert _tables(project) == ["kept"]

    monkeypatch.setattr("sys.stdin", _Terminal("shop\n"))
    assert command("reset")[0] == 0
    assert _tables(project) == []


def test_without_settings_there_is_no_database(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 2, and the keys to set; scratch servers can be listed and stopped."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    place = ["--directory", str(tmp_path)]

    codes = [main([*place, action]) for action in ("url", "status", "stop")]

    captured = capsys.readouterr()
    assert codes == [2, 0, 0]
    assert "set data, database and owner in [tool.local-postgres]" in captured.err
    assert "no server was running" in captured.out


def test_variables_that_change_the_server_are_removed() -> None:
    """The user's own settings are for another server."""
    own = {"PGHOST": "prod", "PGPASSWORD": "x", "PGSERVICE": "prod", "PGHOSTADDR": "10.0.0.1"}

    environment = shell_environment(_SHOP, _RUNNING, own | {"HOME": "/home/me"})

    assert environment == {
        "HOME": "/home/me",
        "PGHOST": "/run/pg",
        "PGPORT": "5432",
        "PGUSER": "keeper",
        "PGDATABASE": "shop",
    }


@pytest.mark.parametrize(("names", "chosen"), [(("psql", "pgcli"), "psql"), (("pgcli",), "pgcli")])
def test_psql_comes_before_pgcli(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...], chosen: str
) -> None:
    """The process is replaced by the program that is there."""
    for name in names:
        (tmp_path / name).write_text("#!/bin/sh\n", encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    started: list[str] = []
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("os.execve", lambda path, *_: started.append(path))

    open_shell(_SHOP, _RUNNING)

    assert started == [str(tmp_path / chosen)]


def test_without_either_there_is_one_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says what to install."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))

    with pytest.raises(SettingsError, match="neither psql nor pgcli is installed"):
        open_shell(_SHOP, _RUNNING)
