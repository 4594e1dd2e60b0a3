"""The URL that a project's own env.py is given."""

from __future__ import annotations

from pathlib import Path

import pytest

from alembic_proof.errors import ConfigError
from alembic_proof.history import alembic_toml
from alembic_proof.history.given_url import url_for_env
from alembic_proof.history.project import AlembicProject, UrlRoute
from alembic_proof.history.script import alembic_config

_SOCKET = "postgresql://me@/x?host=/run/pg&port=5433"


def _project(root: Path, *, url: str = "", env: str = "", route: UrlRoute) -> AlembicProject:
    (root / "env.py").write_text(env, encoding="utf-8")
    lines = ["[alembic]", "script_location = %(here)s", f"sqlalchemy.url = {url}"]
    (root / "alembic.ini").write_text("\n".join(lines), encoding="utf-8")
    return AlembicProject(file=root / "alembic.ini", route=route)


@pytest.mark.parametrize(
    ("url", "env", "variable", "driver", "scheme"),
    [
        ("postgresql+psycopg2://a@b/c", "", "", None, "postgresql+psycopg2"),
        ("postgresql://a@b/c", "", "", None, "postgresql"),
        ("driver://user:pass@localhost/dbname", "", "", None, "postgresql+psycopg"),
        ("postgres://a@b/c", "", "", None, "postgresql+psycopg"),
        ("%(DB_URL)s", "", "", None, "postgresql+psycopg"),
        ("", "", "", None, "postgresql+psycopg"),
        ("", "async def run(): ...", "", None, "postgresql+asyncpg"),
        ("postgresql://a@b/c", "async", "postgresql+psycopg://d/e", None, "postgresql+psycopg"),
        ("postgresql://a@b/c", "async", "sqlite:///x", None, "postgresql"),
        ("postgresql://a@b/c", "async", "postgresql+asyncpg://d/e", "pg8000", "postgresql+pg8000"),
    ],
)
def test_it_names_the_driver_that_the_project_has(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    url: str,
    env: str,
    variable: str,
    driver: str | None,
    scheme: str,
) -> None:
    """The settings' first, the variable's, the ini file's, then an installed one for its env.py."""
    monkeypatch.setenv("SHOP_URL", variable)
    route = UrlRoute(variable="SHOP_URL", driver=driver)
    project = _project(tmp_path, url=url, env=env, route=route)

    given = url_for_env(project, alembic_config(project), url="postgresql://me:p%25w@h:1/x")

    assert given == f"{scheme}://me:p%25w@h:1/x"


def test_a_socket_is_written_as_the_driver_reads_it(tmp_path: Path) -> None:
    """pg8000 wants the socket's file, the others its directory."""
    project = _project(tmp_path, route=UrlRoute(driver="psycopg2"))
    assert url_for_env(project, alembic_config(project), url=_SOCKET) == (
        "postgresql+psycopg2://me@/x?host=/run/pg&port=5433"
    )

    other = AlembicProject(file=project.file, route=UrlRoute(driver="pg8000"))
    assert url_for_env(other, alembic_config(other), url=_SOCKET) == (
        "postgresql+pg8000://me@/x?unix_sock=/run/pg/.s.PGSQL.5433"
    )


def test_every_way_is_taken_at_once(tmp_path: Path) -> None:
    """The option survives the ini file's own escapes; `-x` comes after what was typed."""
    route = UrlRoute(x_argument="db", ini_key="shop.url", driver="psycopg")
    file = _project(tmp_path, route=route).file
    project = AlembicProject(file=file, route=route, x_arguments=("db=other",))

    config = alembic_config(project, url="postgresql://me:p%25w@h/x")

    given = "postgresql+psycopg://me:p%25w@h/x"
    assert config.get_main_option("shop.url") == given
    assert config.cmd_opts is not None
    assert config.cmd_opts.x == ["db=other", f"db={given}"]


def test_an_alembic_that_reads_no_pyproject_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before 1.16 its Config takes no such file: instead of an unknown script_location."""

    def old(file_: str | None = None, ini_section: str = "alembic") -> None:
        """What Config took."""

    path = tmp_path / "pyproject.toml"
    path.write_text('[tool.alembic]\nscript_location = "x"\n', encoding="utf-8")
    assert alembic_toml.toml_argument(path) == {"toml_file": str(path)}
    monkeypatch.setattr(alembic_toml, "Config", old)

    with pytest.raises(ConfigError, match=r"reads no \[tool.alembic\]"):
        alembic_toml.toml_argument(path)

    path.write_text("[tool.other]\n", encoding="utf-8")
    assert alembic_toml.toml_argument(path) == {}
