"""`alembic-proof server`, on a server of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

import local_postgres.cli
from alembic_deploy.connect import run_on
from alembic_proof.cli import main
from local_postgres.server import LocalServer, stop

_SETTINGS = """\
[tool.alembic-deploy]
url_env = "SHOP_URL"

[tool.local-postgres]
data = "state"
database = "shop"
owner = "keeper"
app_login = "till"
"""
Server = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Yield a project with a local database; its servers stop at the end."""
    root = tmp_path_factory.mktemp("project")
    root.joinpath("pyproject.toml").write_text(_SETTINGS, encoding="utf-8")
    root.joinpath("alembic.ini").write_text("[alembic]\nscript_location = x\n", encoding="utf-8")
    yield root
    for is_durable in (True, False):
        stop(LocalServer(root / "state", durable=is_durable))


@pytest.fixture
def server(project: Path, capsys: pytest.CaptureFixture[str]) -> Server:
    """Return what runs `alembic-proof server` on the project: exit code, output, errors."""

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(["--config", str(project / "alembic.ini"), "server", *arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.mark.parametrize("action", ["start", "url", "status", "stop"])
def test_it_does_what_local_postgres_does(
    server: Server, project: Path, capsys: pytest.CaptureFixture[str], action: str
) -> None:
    """The same exit code and the same output."""
    server("start")
    done = server(action)
    server("start")

    code = local_postgres.cli.main(["--directory", str(project), action])

    captured = capsys.readouterr()
    assert (code, captured.out, captured.err) == done
    assert captured.out


def test_the_url_is_that_of_the_owner_on_the_local_database(server: Server) -> None:
    """It starts the server when that is stopped, prints one line and works."""
    code, out, _ = server("url")

    query = text("SELECT current_user || '@' || current_database()")
    found = run_on(out.strip(), lambda connection: connection.execute(query).scalar_one())
    assert code == 0
    assert found == "keeper@shop"


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
    """A project's developer can see and stop the servers that the proofs have started."""
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
    assert "set data, database and owner in [tool.local-postgres]" in capsys.readouterr().err
