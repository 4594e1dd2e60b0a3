"""Projects that were not made for this: each gives its env.py a database in its own way."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from alembic_deploy.connect import run_on
from alembic_deploy.errors import ServerError
from alembic_deploy.url import DatabaseUrl
from alembic_proof.cli import main
from alembic_proof.scratch import scratch_server
from local_postgres.scratch import tcp_server
from local_postgres.server import LocalServer, stop

Open = Callable[[str], Path]
Run = Callable[..., tuple[int, str, str]]
CLEAN = (0, "round trip: no findings\n", "")


_AS_IT_IS = """\
import os

import sqlalchemy as sa
from alembic import context

context.config.set_main_option("sqlalchemy.url", os.environ["SHOP_URL"])
engine = sa.create_engine(context.config.get_main_option("sqlalchemy.url"))
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""


@pytest.fixture
def open_bare(open_case: Open) -> Open:
    """Open a case that has neither an alembic.ini nor an env.py at its root."""

    def open_(name: str) -> Path:
        root = open_case(name)
        for file in ("alembic.ini", "env.py"):
            (root / file).unlink()
        return root

    return open_


def _leave_out(root: Path, key: str) -> None:
    """Take the key's line out of the settings."""
    path = root / "pyproject.toml"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith(f"{key} = ")]
    assert len(kept) == len(lines) - 1
    path.write_text("".join(kept), encoding="utf-8")


def test_a_project_that_reads_its_environment_once_is_proved_on_several_databases(
    open_case: Open, run: Run, expected: Callable[[Path, str], str]
) -> None:
    """The variable is set before anything is imported, and each database has the same URL."""
    root = open_case("adopting/given_by_environment")

    code, out, _ = run("roundtrip")

    assert (code, out) == (1, expected(root, out))


def test_the_variable_is_as_before_afterwards(
    open_case: Open, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It also says which driver the project uses."""
    open_case("adopting/given_by_environment")
    monkeypatch.setenv("SHOP_URL", "postgresql+psycopg://shop@production/shop")

    assert run("roundtrip", "0001") == CLEAN

    assert os.environ["SHOP_URL"] == "postgresql+psycopg://shop@production/shop"
    assert sys.modules["shop_settings"].URL.startswith("postgresql+psycopg://")


def test_an_env_may_put_the_variable_into_its_configuration_as_it_is(
    open_case: Open, run: Run
) -> None:
    """A percent sign in the URL would be an interpolation to Alembic."""
    root = open_case("adopting/given_by_environment")
    (root / "env.py").write_text(_AS_IT_IS, encoding="utf-8")

    assert run("roundtrip", "0001") == CLEAN


@pytest.mark.parametrize(
    ("case", "key", "arguments", "said"),
    [
        ("given_by_environment", "url_env", (), "KeyError: 'SHOP_URL'"),
        ("given_by_x", "url_x_arg", ("-x", "tenant=acme"), "KeyError: 'database'"),
        ("given_by_ini_key", "url_ini_key", (), "env.py cannot run"),
    ],
)
def test_without_its_key_such_a_project_cannot_be_proved(
    open_case: Open, run: Run, case: str, key: str, arguments: tuple[str, ...], said: str
) -> None:
    """It is the key that hands over the database, nothing else."""
    _leave_out(open_case(f"adopting/{case}"), key)

    code, out, err = run("roundtrip", *arguments)

    assert (code, out) == (2, "")
    assert said in err


@pytest.mark.parametrize(
    "arguments",
    [
        ("-x", "tenant=acme", "roundtrip"),
        ("roundtrip", "-x", "tenant=acme"),
        ("-x", "tenant=other", "roundtrip", "-x", "tenant=acme"),
    ],
)
def test_an_env_takes_arguments(open_case: Open, run: Run, arguments: tuple[str, ...]) -> None:
    """Before and after the command's name, in their order; ours comes last."""
    open_case("adopting/given_by_x")

    assert run(*arguments) == CLEAN


def test_an_env_has_an_option_of_its_own(open_case: Open, run: Run) -> None:
    """The URL names the driver that the settings name."""
    open_case("adopting/given_by_ini_key")

    assert run("roundtrip") == CLEAN


def test_an_env_puts_its_url_together(
    open_case: Open, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """The local server listens on the loopback address for it, and asks everybody for the password."""
    root = open_case("adopting/given_in_parts")
    server = tcp_server(root / "state")
    try:
        assert run("roundtrip") == CLEAN

        url = DatabaseUrl.parse(scratch_server(os.environ, state=root / "state", is_tcp=True))
        assert (url.hosts[0][0], url.is_socket) == ("127.0.0.1", False)
        assert run_on(url.text, lambda c: c.exec_driver_sql("SELECT 1").scalar()) == 1
        for user, password in (("alembic_proof", None), ("alembic_proof", "x"), ("postgres", "x")):
            with pytest.raises(ServerError):
                run_on(url.with_user(user, password).text, lambda _: None)
        [secret] = (root / "state").rglob("password")
        assert (secret.stat().st_mode & 0o777, secret.read_text()) == (0o600, url.password)
        _leave_out(root, "host")
        assert main(["roundtrip"]) == 2
        assert "url_parts_env" in capsys.readouterr().err
        assert run("server", "stop")[1].count("stopped: ") == 2
    finally:
        for each in (server, LocalServer(root / "state", durable=False)):
            stop(each)


def test_an_env_puts_its_url_together_from_options(open_case: Open, run: Run) -> None:
    """On a server that is named the host may be the directory of a socket."""
    root = open_case("adopting/given_in_parts")
    parts = ("host", "port", "user", "password", "database")
    (root / "pyproject.toml").write_text(
        '[tool.alembic-proof]\nscratch_url_env = "CASE_SCRATCH_URL"\n[tool.alembic-proof.url_parts_ini]\n'
        + "".join(f'{part} = "shop.{part}"\n' for part in parts),
        encoding="utf-8",
    )
    env = (root / "env.py").read_text(encoding="utf-8")
    made = (
        'option = context.config.get_main_option\nparts = {"host": option("shop.host"), "port": '
        'int(option("shop.port")), "username": option("shop.user"), "database": option("shop.database")}\n'
        'engine = sa.create_engine(sa.engine.URL.create(f"postgresql+{driver}", **parts))\n'
    )
    head, _, rest = env.partition("user, password")
    (root / "env.py").write_text(head + made + rest[rest.index("with engine") :], encoding="utf-8")

    assert run("roundtrip") == CLEAN


@pytest.mark.parametrize("command", ["roundtrip", "parity"])
def test_a_flask_application_gets_the_scratch_database(
    open_bare: Open, run: Run, command: str
) -> None:
    """Whatever it is configured with; Flask-Migrate's alembic.ini is found where it lies."""
    open_bare("adopting/flask")

    code, out, err = run(command)

    assert (code, err) == (0, "")
    assert out.endswith("no findings\n")


def test_settings_are_found_from_elsewhere(
    open_bare: Open, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Flask-Migrate's alembic.ini lies below the pyproject.toml, wherever the command is given."""
    root = open_bare("adopting/flask")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)

    code, out, err = run("roundtrip", "-c", str(root / "migrations" / "alembic.ini"))

    assert code == 0, (out, err)
    assert err.startswith(f"settings: {root / 'pyproject.toml'}\n")


def test_without_an_application_flask_migrate_s_env_cannot_run(open_bare: Open, run: Run) -> None:
    """It is the pushed context that it needs."""
    _leave_out(open_bare("adopting/flask"), "flask_app")

    code, out, err = run("roundtrip")

    assert (code, out) == (2, "")
    assert "Working outside of application context" in err


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("shop", "names no attribute"),
        ("shop:nothing", "cannot be loaded: AttributeError"),
        ("nothing:app", "cannot be loaded: ModuleNotFoundError"),
        ("shop:create_app.__name__", "cannot be created: TypeError"),
        ("shop:db.Model", "is no Flask application"),
    ],
)
def test_an_application_that_cannot_be_made_is_one_clear_error(
    open_bare: Open, run: Run, name: str, said: str
) -> None:
    """It says which setting is meant."""
    path = open_bare("adopting/flask") / "pyproject.toml"
    path.write_text(path.read_text().replace("shop:create_app", name), encoding="utf-8")

    code, _, err = run("roundtrip")

    assert code == 2
    assert f"flask_app = '{name}' {said}" in err


def test_a_pyproject_is_configuration_enough(open_bare: Open, run: Run) -> None:
    """Without an alembic.ini, `[tool.alembic]` says where the scripts are."""
    open_bare("adopting/in_pyproject")

    assert run("roundtrip") == CLEAN
    assert run("--config", "pyproject.toml", "roundtrip") == CLEAN


def test_a_directory_without_a_project_says_where_it_looked(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes no further than the current directory."""
    (tmp_path / "alembic.ini").write_text("[alembic]\n", encoding="utf-8")
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")

    code, out, err = run("roundtrip")

    assert (code, out) == (2, "")
    assert f"where: {tmp_path / 'below'}" in err
    assert "alembic.ini, [tool.alembic] in pyproject.toml, and migrations/alembic.ini" in err


def test_a_section_is_named_as_for_alembic(open_case: Open, run: Run) -> None:
    """`--name`, before or after the command; the default one is broken here."""
    open_case("adopting/in_a_section")

    assert run("-n", "shop", "roundtrip") == CLEAN
    assert run("roundtrip", "--name", "shop") == CLEAN
    assert run("roundtrip")[0] == 2


def test_alembics_own_variable_names_the_file(
    open_case: Open, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `alembic` itself would find it."""
    root = open_case("adopting/given_by_ini_key")
    (root / "alembic.ini").rename(root / "other.ini")

    assert run("roundtrip")[0] == 2
    monkeypatch.setenv("ALEMBIC_CONFIG", "other.ini")

    assert run("roundtrip") == CLEAN


def test_settings_above_the_current_directory_are_not_read(
    open_case: Open, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are looked for from Alembic's file up to where the command is typed, and no further."""
    root = open_case("adopting/in_a_section")
    (root / "pyproject.toml").unlink()
    (root.parent / "pyproject.toml").write_text("[tool.alembic-proof]\nnope = 1\n")

    code, _, err = run("lint", "-n", "shop")
    assert (code, err) == (0, "")
    monkeypatch.chdir(root.parent)
    code, _, err = run("lint", "-n", "shop", "-c", str(root / "alembic.ini"))

    assert code == 2
    assert err.startswith("unknown key 'nope' in [tool.alembic-proof]")


@pytest.mark.parametrize("git", ["directory", "file", "none"])
def test_settings_are_found_up_to_the_root_of_the_repository(
    open_case: Open, run: Run, git: str
) -> None:
    """In a monorepo they may lie above where the command is typed; it says where it has them."""
    root = open_case("adopting/in_a_section")
    settings = root.parent / "pyproject.toml"
    (root / "pyproject.toml").rename(settings)
    match git:
        case "directory":
            (root.parent / ".git").mkdir()
        case "file":
            (root.parent / ".git").write_text("gitdir: elsewhere\n", encoding="utf-8")

    code, _, err = run("lint", "-n", "shop")

    assert (code, err) == (0, "" if git == "none" else f"settings: {settings}\n")


def test_settings_above_the_repository_are_not_read(open_case: Open, run: Run) -> None:
    """The search ends at its root."""
    root = open_case("adopting/in_a_section")
    (root / "pyproject.toml").unlink()
    (root / ".git").mkdir()
    (root.parent / "pyproject.toml").write_text("[tool.alembic-proof]\nnope = 1\n")

    assert run("lint", "-n", "shop")[::2] == (0, "")


def test_settings_are_found_from_beside_the_project_too(
    open_case: Open, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Up to the directory that has both: the same command means the same there."""
    root = open_case("adopting/in_a_section")
    below = root / "db" / "shop"
    below.mkdir(parents=True)
    for name in ("alembic.ini", "env.py"):
        (root / name).rename(below / name)
    (root / "pyproject.toml").write_text("[tool.alembic-proof]\nnope = 1\n")
    (root / "tests").mkdir()

    said = []
    for place in (root, root / "tests", root.parent, Path(root.anchor, "usr")):
        monkeypatch.chdir(place)
        said.append(run("lint", "-n", "shop", "-c", str(below / "alembic.ini"))[2])

    assert all(one.startswith("unknown key 'nope'") for one in said)
