"""The database that a checkout uses by default, and a server that asks for passwords."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from alembic.util import CommandError
from sqlalchemy.engine import Connection

from alembic_deploy.bootstrap import Bootstrap
from alembic_deploy.connect import run_on
from alembic_deploy.errors import ConfigError, ServerError
from alembic_deploy.settings import (
    default_database_url,
    local_database,
    local_database_url,
    read_url_env,
)
from alembic_deploy.url import DatabaseUrl
from local_postgres.server import LocalServer, reset, start

if TYPE_CHECKING:
    from tests.conftest import Project

CHECKOUT = """
[tool.alembic-deploy]
url_env = "TRACKS_DATABASE_URL"

[tool.local-postgres]
data = "the state"
database = "tracks"
owner = "ada"
app_login = "ada_app"
"""


@pytest.fixture
def checkout(tracks: Project) -> Iterator[Project]:
    """Yield the case with a pyproject.toml beside its alembic.ini; its server ends with the test."""
    (tracks.directory / "pyproject.toml").write_text(CHECKOUT)
    tracks.url = ""
    yield tracks
    reset(LocalServer(tracks.directory / "the state", durable=True))


def test_default_database_is_started_on_demand(checkout: Project) -> None:
    """Without any URL the checkout's own database is made and migrated, as its ordinary owner.

    A bootstrap that is made on demand learns the application's login, and a wrong password is
    reported without the password once the server asks for one.
    """
    logins: list[str | None] = []

    def make(login: str | None) -> Bootstrap:
        logins.append(login)
        return Bootstrap((f"COMMENT ON DATABASE tracks IS '{login}'",), "SELECT false")

    checkout.arguments["bootstrap"] = make

    out = checkout.alembic("upgrade", "head")

    url = local_database_url(checkout.directory, os.environ)
    assert url is not None
    checkout.url = url
    assert out.startswith("database: tracks at ")
    assert " as ada (PostgreSQL " in out
    assert checkout.tables == {"tracks"}
    assert checkout.query("SELECT rolsuper FROM pg_roles WHERE rolname = 'ada'") == [False]
    assert logins == ["ada_app"]
    assert_a_local_database_that_is_ahead_may_be_emptied(checkout)
    assert_password_is_asked_for_and_not_shown(checkout, url)


def assert_a_local_database_that_is_ahead_may_be_emptied(checkout: Project) -> None:
    """Another branch has migrated it: the advice is its branch, or the command that empties it."""
    url = checkout.url
    checkout.execute("UPDATE alembic_version SET version_num = 'dddddddddddd'")
    checkout.url, checkout.arguments["reset_command"] = "", "make empty"

    text = checkout.failure("upgrade", "head")

    assert text.startswith(
        "the database is at revision dddddddddddd, which this code does not know"
    )
    assert "check out the branch that has this revision, and downgrade there" in text
    assert "`make empty`" in text
    checkout.url = url


def assert_password_is_asked_for_and_not_shown(checkout: Project, url: str) -> None:
    """Assert it on the same server, with a login that needs a password."""
    server = start(LocalServer(checkout.directory / "the state", durable=True), os.environ)

    def lock(connection: Connection) -> str:
        connection.exec_driver_sql("CREATE ROLE locked LOGIN PASSWORD 'right'")
        return str(connection.exec_driver_sql("SHOW hba_file").scalar_one())

    rules = Path(run_on(server.url("postgres"), lock))
    rules.write_text(f"local all locked scram-sha-256\n{rules.read_text()}")
    run_on(server.url("postgres"), lambda c: c.exec_driver_sql("SELECT pg_reload_conf()"))
    locked = DatabaseUrl.parse(url)
    checkout.url = locked.with_user("locked", "wrong-and-secret").text
    wait_until_refused(checkout.url)

    with pytest.raises(CommandError, match="the password is wrong") as caught:
        checkout.alembic("upgrade", "head")

    assert "wrong-and-secret" not in str(caught.value)
    assert run_on(locked.with_user("locked", "right").text, Connection.in_transaction) is False


def wait_until_refused(url: str) -> None:
    """Wait until the server has reloaded its rules."""
    deadline_s = time.monotonic() + 10
    with suppress(ServerError):
        while time.monotonic() < deadline_s:
            run_on(url, Connection.in_transaction)
            time.sleep(0.02)


def test_settings_of_the_local_database(tracks: Project) -> None:
    """They come from the pyproject.toml of that directory; None without one."""
    assert local_database(tracks.directory) is None
    assert local_database_url(tracks.directory, {}) is None
    (tracks.directory / "pyproject.toml").write_text(CHECKOUT)

    local = local_database(tracks.directory)

    assert local is not None
    assert (local.database, local.owner, local.app_login) == ("tracks", "ada", "ada_app")
    assert local.state == Path(tracks.directory, "the state").resolve()


def test_the_variable_of_the_settings_names_the_database(
    tracks: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An env.py that hands over no URL reads the variable of `url_env`; a blank one is none."""
    url, tracks.url = tracks.url, ""
    (tracks.directory / "pyproject.toml").write_text(
        '[tool.alembic-deploy]\nurl_env = "SHOP_URL"\n'
    )
    monkeypatch.setenv("SHOP_URL", " ")
    with pytest.raises(CommandError, match="no database is named"):
        tracks.alembic("upgrade", "head")
    monkeypatch.setenv("SHOP_URL", url)

    tracks.alembic("upgrade", "head")

    tracks.url = url
    assert tracks.tables == {"tracks"}


def test_no_default_database(tracks: Project) -> None:
    """A project that describes none names the variable to set."""
    (tracks.directory / "pyproject.toml").write_text('[tool.alembic-deploy]\nurl_env = "TRACKS"\n')
    tracks.url = ""

    with pytest.raises(CommandError, match="no database is named") as caught:
        tracks.alembic("upgrade", "head")

    assert "set TRACKS: postgresql://user:password@host:5432/database" in str(caught.value)


def test_settings_that_are_wrong(tracks: Project) -> None:
    """An unknown key is one clear error, for the command and for the function."""
    (tracks.directory / "pyproject.toml").write_text("[tool.local-postgres]\ndat = 'x'\n")
    tracks.url = ""

    with pytest.raises(ConfigError, match="'dat'"):
        local_database(tracks.directory)
    with pytest.raises(CommandError, match="did you mean 'data'"):
        tracks.alembic("upgrade", "head")


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (
            "[tool.alembic-deploy]\nurl_envs = 'x'",
            "unknown key 'url_envs' in [tool.alembic-deploy]",
        ),
        ("[tool.alembic-deploy]\nurl_env = 1", "is not the name of an environment variable"),
        ("[tool.alembic-deploy]\nurl_env = ''", "is not the name of an environment variable"),
        ("[tool.alembic-deploy]\nurl_env = 'A B'", "is not the name of an environment variable"),
        ("[tool.alembic_deploy]\nurl_env = 'A'", "the table of this tool is [tool.alembic-deploy]"),
        ("[tool]\nalembic-deploy = 1", "the table of this tool is [tool.alembic-deploy]"),
        ("[tool.alembic-proof]\nurl_env = 'A'", "cannot be set in [tool.alembic-proof] any more"),
        ("[tool.alembic-deploy", "cannot read the configuration"),
    ],
)
def test_a_url_env_that_cannot_be_used(tmp_path: Path, table: str, said: str) -> None:
    """One error names the file and the right table, also for the key's former place."""
    file = tmp_path / "pyproject.toml"
    file.write_text(table)

    with pytest.raises(ConfigError) as caught:
        read_url_env(tmp_path)

    assert said in caught.value.what
    assert caught.value.where == str(file)
    file.write_text("[tool.alembic-deploy]\nurl_env = 'A'\n\n[tool.alembic-proof]\n")
    assert read_url_env(tmp_path) == "A"


def test_without_local_postgres_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A project that describes a local database needs the package; another one does not."""
    monkeypatch.setitem(sys.modules, "local_postgres.errors", None)
    assert local_database(tmp_path) is None
    (tmp_path / "pyproject.toml").write_text(CHECKOUT)

    for read in (local_database, default_database_url):
        with pytest.raises(ConfigError, match="needs the package local-postgres") as caught:
            read(tmp_path)

        assert "pip install local-postgres" in caught.value.todo
