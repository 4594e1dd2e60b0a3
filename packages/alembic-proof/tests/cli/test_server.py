"""`alembic-proof server`, on a server of its own."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import Connection

from alembic_proof.cli import main
from alembic_proof.postgres.connect import run_on
from alembic_proof.postgres.server import LocalServer, stop

_SETTINGS = """\
[tool.alembic-proof]
local_state = "state"
local_database = "shop"
local_owner = "keeper"
local_app_login = "till"
url_env = "SHOP_URL"
"""
Server = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project with a local database; its servers stop at the end."""
    root = tmp_path_factory.mktemp("project")
    root.joinpath("pyproject.toml").write_text(_SETTINGS, encoding="utf-8")
    root.joinpath("alembic.ini").write_text("[alembic]\nscript_location = x\n", encoding="utf-8")
    yield root
    for is_durable in (True, False):
        stop(LocalServer(root / "state", durable=is_durable))


@pytest.fixture
def server(project: Path, capsys: pytest.CaptureFixture[str]) -> Server:
    """Runs `alembic-proof server` on the project: exit code, output, errors."""

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(["--config", str(project / "alembic.ini"), "server", *arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def _tables(connection: Connection) -> list[str]:
    query = text("SELECT tablename FROM pg_catalog.pg_tables WHERE schemaname = 'public'")
    return list(connection.execute(query).scalars())


def test_the_server_s_life(server: Server) -> None:
    """Nothing, started, running, stopped, stopped already: each is said, and each is 0."""
    steps = ("status", "start", "status", "stop", "status", "stop")

    results = [server(step) for step in steps]

    assert [code for code, _, _ in results] == [0] * len(steps)
    said = [out for _, out, _ in results]
    assert said[0].startswith("no server yet")
    assert said[1].startswith("ready: shop on socket ")
    assert " running " in said[2]
    assert said[3].startswith("stopped: local server, PostgreSQL ")
    assert " stopped " in said[4]
    assert said[5] == "no server was running\n"


def test_the_url_is_that_of_the_owner_on_the_local_database(server: Server) -> None:
    """It starts the server when that is stopped, prints one line and works."""
    code, out, _ = server("url")

    query = text("SELECT current_user || '@' || current_database()")
    found = run_on(out.strip(), lambda connection: connection.execute(query).scalar_one())
    assert code == 0
    assert found == "keeper@shop"


def test_reset_empties_the_local_database(server: Server) -> None:
    """Also under somebody's feet: who is connected is thrown out."""
    url = server("url")[1].strip()

    def reset_while_connected(connection: Connection) -> tuple[int, str, str]:
        connection.execute(text("CREATE TABLE public.goods (id integer)"))
        connection.commit()
        with ThreadPoolExecutor() as pool:
            return pool.submit(server, "reset", "--yes").result()

    code, out, _ = run_on(url, reset_while_connected)

    assert code == 0
    assert out.startswith("empty: shop on socket ")
    assert run_on(url, _tables) == []


def test_reset_does_nothing_unless_somebody_is_sure(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a terminal it wants --yes; on one, the database's name."""
    url = server("url")[1].strip()
    run_on(url, lambda connection: connection.execute(text("CREATE TABLE public.kept (id int)")))
    refused = [server("reset")]
    for answer in ("y\n", "shops\n"):
        monkeypatch.setattr("sys.stdin", _Terminal(answer))
        refused.append(server("reset"))

    assert [code for code, _, _ in refused] == [2, 2, 2]
    assert run_on(url, _tables) == ["kept"]

    monkeypatch.setattr("sys.stdin", _Terminal("shop\n"))
    assert server("reset")[0] == 0
    assert run_on(url, _tables) == []


class _Terminal(io.StringIO):
    """Somebody who types."""

    def isatty(self) -> bool:
        return True


def test_another_database_s_url_is_not_looked_at(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command says so, and works on the local server."""
    monkeypatch.setenv("SHOP_URL", "postgresql://me@prod.example/shop")

    code, out, err = server("url")

    assert code == 0
    assert "prod.example" not in out
    assert err == "SHOP_URL is set, but this command works on the local server only\n"


def test_a_project_without_a_local_database_has_a_server_for_scratch_databases(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever adopts the proofs can see and stop what they have started."""
    ini = tmp_path / "alembic.ini"
    ini.write_text("[alembic]\n", encoding="utf-8")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    codes = [main(["--config", str(ini), "server", action]) for action in ("status", "stop")]

    assert codes == [0, 0]
    assert "no server was running" in capsys.readouterr().out


def test_a_project_without_a_local_database_exits_with_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says which keys describe one."""
    ini = tmp_path / "alembic.ini"
    ini.write_text("[alembic]\n", encoding="utf-8")

    code = main(["--config", str(ini), "server", "url"])

    assert code == 2
    assert "set local_state, local_database and local_owner" in capsys.readouterr().err


def test_the_shell_is_on_the_local_database(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Whatever program it is, libpq's variables lead it there."""
    handed: list[dict[str, str]] = []
    monkeypatch.setattr("os.execve", lambda _path, _args, env: handed.append(env))
    (tmp_path / "psql").write_text("#!/bin/sh\n", encoding="utf-8")
    (tmp_path / "psql").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    server("shell")

    assert [(env["PGUSER"], env["PGDATABASE"]) for env in handed] == [("keeper", "shop")]
