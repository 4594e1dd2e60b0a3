"""The configuration of a project, the URL that its env.py is given, and commands in this process."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest

from alembic_deploy.connect import run_on
from alembic_deploy.errors import ConfigError, HistoryError
from alembic_proof.config import Settings
from alembic_proof.history import alembic_config as module
from alembic_proof.history.alembic_config import alembic_config, url_for_env
from alembic_proof.history.env_py import run_stamp
from alembic_proof.history.project import Project
from alembic_proof.history.revisions import read_heads
from alembic_proof.history.upgrade import run_upgrade

_SOCKET = "postgresql://me@/x?host=/run/pg&port=5433"


def _project(root: Path, *, url: str = "", env: str = "", settings: Settings) -> Project:
    (root / "env.py").write_text(env, encoding="utf-8")
    lines = ["[alembic]", "script_location = %(here)s", f"sqlalchemy.url = {url}"]
    (root / "alembic.ini").write_text("\n".join(lines), encoding="utf-8")
    return Project(file=root / "alembic.ini", settings=settings)


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
def test_the_url_names_the_driver_of_the_project(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    url: str,
    env: str,
    variable: str,
    driver: str | None,
    scheme: str,
) -> None:
    """The settings' driver comes first, then the variable's, the ini file's, and an installed one."""
    monkeypatch.setenv("SHOP_URL", variable)
    settings = Settings(directory=tmp_path, url_env="SHOP_URL", driver=driver)
    project = _project(tmp_path, url=url, env=env, settings=settings)

    given = url_for_env(project, alembic_config(project), url="postgresql://me:p%25w@h:1/x")

    assert given == f"{scheme}://me:p%25w@h:1/x"


def test_a_socket_is_written_as_the_driver_reads_it(tmp_path: Path) -> None:
    """pg8000 takes the path of the socket, the other drivers its directory."""
    project = _project(tmp_path, settings=Settings(directory=tmp_path, driver="psycopg2"))
    assert url_for_env(project, alembic_config(project), url=_SOCKET) == (
        "postgresql+psycopg2://me@/x?host=/run/pg&port=5433"
    )

    other = Project(file=project.file, settings=Settings(directory=tmp_path, driver="pg8000"))
    assert url_for_env(other, alembic_config(other), url=_SOCKET) == (
        "postgresql+pg8000://me@/x?unix_sock=/run/pg/.s.PGSQL.5433"
    )


def test_the_url_is_given_in_every_configured_way(tmp_path: Path) -> None:
    """The option is escaped for the ini file; `-x` comes after the arguments that were typed."""
    settings = Settings(
        directory=tmp_path, url_x_arg="db", url_ini_key="shop.url", driver="psycopg"
    )
    file = _project(tmp_path, settings=settings).file
    project = Project(file=file, settings=settings, x_arguments=("db=other",))

    config = alembic_config(project, url="postgresql://me:p%25w@h/x")

    given = "postgresql+psycopg://me:p%25w@h/x"
    assert config.get_main_option("shop.url") == given
    assert config.cmd_opts is not None
    assert config.cmd_opts.x == ["db=other", f"db={given}"]


def test_a_pyproject_that_alembic_cannot_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before Alembic 1.16 the error would otherwise be an unknown script_location."""

    def old(file_: str | None = None, ini_section: str = "alembic") -> None:
        """Stand for the constructor of Config before 1.16."""

    path = tmp_path / "pyproject.toml"
    path.write_text('[tool.alembic]\nscript_location = "x"\n', encoding="utf-8")
    assert module.toml_argument(path) == {"toml_file": str(path)}
    monkeypatch.setattr(module, "Config", old)

    with pytest.raises(ConfigError, match=r"reads no \[tool.alembic\]"):
        module.toml_argument(path)

    path.write_text("[tool.other]\n", encoding="utf-8")
    assert module.toml_argument(path) == {}


def test_heads(ini: Path, write: Callable[..., Path]) -> None:
    """One in a line, sorted where there are several, none without a revision."""
    assert read_heads(alembic_config(Project(file=ini))) == ("c" * 12,)
    write("20260101_090003_branch.py", revision="branch", down="b" * 12)
    assert read_heads(alembic_config(Project(file=ini))) == ("branch", "c" * 12)

    for path in (ini.parent / "alembic" / "versions").glob("*.py"):
        path.unlink()

    assert read_heads(alembic_config(Project(file=ini))) == ()


def test_configuration_is_quiet_and_captured(
    ini: Path, scratch_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing reaches the process's own output; a given stream gets what Alembic itself prints."""
    out = StringIO()
    config = alembic_config(Project(file=ini), url=scratch_url, stdout=out)

    run_upgrade(config, "head")

    assert capsys.readouterr() == ("", "")
    assert out.getvalue() == ""
    config.print_stdout("answer")
    assert out.getvalue() == "answer\n"


def test_configuration_that_is_missing(tmp_path: Path) -> None:
    """A path without a file is an error that names it."""
    with pytest.raises(HistoryError, match="no Alembic configuration") as caught:
        alembic_config(Project(file=tmp_path / "alembic.ini"))

    assert caught.value.where == str(tmp_path / "alembic.ini")


def test_upgrade_and_stamp(ini: Path, scratch_url: str) -> None:
    """One moves the configuration's database, the other says where it is and runs nothing."""

    def found(sql: str) -> list[str]:
        return run_on(scratch_url, lambda c: list(c.exec_driver_sql(sql).scalars()))

    config = alembic_config(Project(file=ini), url=scratch_url)

    run_upgrade(config, "head")
    run_stamp(config, "a" * 12)

    assert found("SELECT version_num FROM alembic_version") == ["a" * 12]
    assert found("SELECT tablename FROM pg_tables WHERE tablename = 'tracks'") == ["tracks"]


def test_failing_command(ini: Path, scratch_url: str, write: Callable[..., Path]) -> None:
    """What env.py says about a failure is the HistoryError's text."""
    config = alembic_config(Project(file=ini), url=scratch_url)

    with pytest.raises(HistoryError, match="there is no revision 'nope'"):
        run_upgrade(config, "nope")
    with pytest.raises(HistoryError, match="there is no revision 'nope'"):
        run_stamp(config, "nope")
