"""Projects whose env.py cannot be used for a proof."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path

import pytest
from alembic import command as alembic_command
from alembic.config import Config
from sqlalchemy import inspect

from alembic_deploy.connect import run_on

Open = Callable[[str], Path]
Run = Callable[..., tuple[int, str, str]]
_PROOFS = (("roundtrip",), ("parity",), ("revision", "Add x"))
_SQLITE = """
import sqlalchemy as sa
from alembic import context

with sa.create_engine("sqlite://").connect() as connection:
    context.configure(connection=connection)
    context.run_migrations()
"""
_COMMANDS = pytest.mark.parametrize("command", _PROOFS)


@_COMMANDS
def test_an_env_with_its_own_url_is_refused_before_anything_runs(
    open_case: Open,
    run: Run,
    scratch_url: str,
    command: tuple[str, ...],
) -> None:
    """It would migrate the developer's database; that one stays untouched."""
    root = open_case("environment/goes_its_own_way")
    (root / "own_url").write_text(scratch_url, encoding="utf-8")

    code, out, err = run(*command)

    assert (code, out) == (2, "")
    assert "instead of the database that it is given" in err
    assert run_on(scratch_url, lambda connection: inspect(connection).get_table_names()) == []


def test_a_round_trip_needs_no_metadata(open_case: Open, run: Run) -> None:
    """Only the history is proved; the models are not used."""
    open_case("environment/has_no_metadata")

    assert run("roundtrip") == (0, "round trip: no findings\n", "")


def test_an_env_for_several_databases_is_refused(open_case: Open, run: Run) -> None:
    """Which of them is to be proved, env.py does not say."""
    open_case("environment/has_several_databases")

    code, out, err = run("roundtrip")

    assert (code, out) == (2, "")
    assert err.startswith("env.py runs the migrations more than once, on several databases or on ")

    code, out, err = run("roundtrip", "--format", "json")

    [found] = json.loads(out)["findings"]
    assert (code, found["rule"]) == (2, "proof-stopped")
    assert "env.py runs the migrations more than once" in found["message"]


@pytest.mark.parametrize("command", ["roundtrip", "parity"])
def test_the_template_for_several_databases_is_refused(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """By the names of its databases, before it connects to any of them."""
    monkeypatch.chdir(tmp_path)
    with redirect_stdout(io.StringIO()):
        ini = Config(tmp_path / "alembic.ini")
        alembic_command.init(ini, str(tmp_path / "migrations"), template="multidb")
    text = "revision = '1'\ndown_revision = None\n\ndef upgrade(engine_name):\n    pass\n"
    (tmp_path / "migrations" / "versions" / "1_first.py").write_text(text, encoding="utf-8")

    code, out, err = run(command)

    assert (code, out) == (2, "")
    assert err.startswith("env.py migrates several databases: engine1, engine2\n")
    assert f"where: {tmp_path / 'migrations' / 'env.py'}\n" in err


def test_an_env_that_migrates_nothing_is_refused(open_case: Open, run: Run) -> None:
    """Silence is no proof."""
    open_case("environment/migrates_nothing")

    code, out, err = run("roundtrip")

    assert (code, out) == (2, "")
    assert err.startswith("env.py runs no migrations\n")


@pytest.mark.parametrize("command", _PROOFS[1:])
def test_an_env_without_metadata_is_refused(
    open_case: Open, run: Run, command: tuple[str, ...]
) -> None:
    """There would be nothing to compare with."""
    open_case("environment/has_no_metadata")

    code, out, err = run(*command)

    assert (code, out) == (2, "")
    assert err.startswith("env.py configures no target_metadata\n")


@pytest.mark.parametrize("command", [*_PROOFS, ("revision", "Add x", "--empty")])
def test_an_env_that_breaks_is_one_clear_error(
    open_case: Open, run: Run, command: tuple[str, ...]
) -> None:
    """No traceback of ours: the file, the line and what Python says."""
    root = open_case("environment/breaks")

    code, out, err = run(*command)

    assert (code, out) == (2, "")
    assert "ModuleNotFoundError: No module named 'no_such_project'" in err
    assert f"{root / 'env.py'}:3" in err


def test_a_typo_in_the_models_is_found_where_it_is(open_case: Open, run: Run) -> None:
    """The line that does not parse is named, not the one of env.py that imports it."""
    root = open_case("parity/equal")
    (root / "models.py").write_text("first = 1\ndef second(:\n", encoding="utf-8")

    code, out, err = run("parity")

    assert (code, out) == (2, "")
    assert "SyntaxError: invalid syntax" in err
    assert f"where: {root / 'models.py'}:2\n" in err


@pytest.mark.parametrize("url", ["postgresql://nobody@localhost:1/x", "sqlite:///no/such/place"])
def test_an_env_with_another_url_names_the_settings_for_it(
    open_case: Open, run: Run, url: str
) -> None:
    """Where settings name an option that it does not read."""
    root = open_case("environment/has_no_metadata")
    (root / "pyproject.toml").write_text(
        '[tool.alembic-proof]\nscratch_url_env = "CASE_SCRATCH_URL"\nurl_ini_key = "shop.url"\n',
        encoding="utf-8",
    )
    (root / "env.py").write_text(
        "import sqlalchemy as sa\nfrom alembic import context\n"
        f"url = context.config.get_main_option('sqlalchemy.url') or {url!r}\n"
        "context.configure(connection=sa.create_engine(url).connect())\n",
        encoding="utf-8",
    )

    code, out, err = run("roundtrip")

    assert (code, out) == (2, "")
    assert err.startswith("env.py cannot run: ")
    assert "url_x_arg or url_ini_key in [tool.alembic-proof]" in err


@_COMMANDS
def test_a_scratch_server_that_is_down_is_one_clear_error(
    open_case: Open, run: Run, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    """The variable's server is used and no other; its password is never printed."""
    open_case("parity/equal")
    monkeypatch.setenv("CASE_SCRATCH_URL", "postgresql://me:secret@localhost:1/x")

    code, out, err = run(*command)

    assert (code, out) == (2, "")
    assert "the server is down" in err
    assert "secret" not in err


def test_a_history_that_cannot_be_applied_is_one_clear_error(open_case: Open, run: Run) -> None:
    """The error names the line and the server's message, also if env.py does not catch it."""
    open_case("environment/is_synchronous")

    code, out, err = run("parity")

    assert (code, out) == (2, "")
    assert err.startswith("the history cannot be applied: ")
    assert 'column "nothing" does not exist' in err
    assert "0001_users.py:10" in err
    assert "Traceback" not in err


def test_an_env_that_needs_an_application_names_flask_app(open_case: Open, run: Run) -> None:
    """Flask-Migrate's own env.py says no more than that it works outside of a context."""
    root = open_case("environment/has_no_metadata")
    place = next(root.rglob("env.py"))
    place.write_text("raise RuntimeError('Working outside of application context.')\n")

    code, _, err = run("roundtrip")

    assert code == 2
    assert 'flask_app = "package:create_app"' in err


@pytest.mark.parametrize(
    ("text", "message", "todo"),
    [
        ("raise SystemExit(0)", "env.py ends the process, sys.exit(0)", "let it raise one"),
        ("import os; os._exit(0)", "env.py ends the process, os._exit(0)", "let it raise one"),
        (
            "import os; os.environ['NOPE']",
            "env.py cannot run: KeyError",
            "url_env in [tool.alembic-deploy], url_x_arg or",
        ),
        (
            "from alembic import context; context.config.set_main_option('sqlalchemy.url', None)",
            "env.py cannot run: TypeError: option values must be strings",
            "url_env in [tool.alembic-deploy], url_x_arg or",
        ),
        (
            "from sqlalchemy.ext import asyncio as a; a.create_async_engine('sqlite://')",
            "env.py cannot run",
            'driver = "asyncpg" in [tool.alembic-proof]',
        ),
        ("x = 1", "env.py runs no migrations", "let it call context.run_migrations()"),
        (None, "there is no env.py", "restore it"),
        (
            _SQLITE,
            "env.py connects to a database of sqlite instead of",
            "url_env in [tool.alembic-deploy], url_x_arg or",
        ),
    ],
)
@pytest.mark.parametrize("command", ["roundtrip", "parity"])
def test_an_error_of_env_py_names_its_path_and_the_fix(
    open_case: Open, run: Run, command: str, text: str | None, message: str, todo: str
) -> None:
    """What it does, its path, and what helps."""
    root = open_case("parity/equal")
    place = root / "env.py"
    place.unlink()
    if text is not None:
        place.write_text(text, encoding="utf-8")

    code, out, err = run(command)

    assert (code, out) == (2, "")
    assert err.startswith(message)
    assert f"where: {place}" in err
    assert todo in err.partition("  help: ")[2]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("raise ValueError('a b')", "the history cannot be applied: ValueError: a b"),
        ("raise SystemExit(3)", "0001_users.py ends the process, sys.exit(3)"),
        ("import os; os._exit(0)", "0001_users.py ends the process, os._exit(0)"),
    ],
)
def test_an_error_of_a_revision_names_the_revision_not_env_py(
    open_case: Open, run: Run, text: str, message: str
) -> None:
    """Its own file and line are named."""
    root = open_case("environment/is_synchronous")
    revision = root / "versions" / "0001_users.py"
    lines = f"revision = '0001'\ndown_revision = None\n\ndef upgrade():\n    {text}\n"
    revision.write_text(lines, encoding="utf-8")

    code, out, err = run("parity")

    assert (code, out) == (2, "")
    assert err.startswith(message)
    assert f"where: {revision}:5" in err


@pytest.mark.parametrize("call", ["sys.exit(0)", "os._exit(0)"])
def test_a_function_of_the_project_cannot_end_the_proof(
    open_case: Open, run: Run, call: str
) -> None:
    """Also one that the proof calls outside of env.py and the revisions."""
    root = open_case("parity/equal")
    settings = root / "pyproject.toml"
    settings.write_text(f'{settings.read_text()}rows = "own:rows"\n', encoding="utf-8")
    (root / "own.py").write_text(f"import os, sys\ndef rows(): {call}\n", encoding="utf-8")

    code, out, err = run("roundtrip")

    assert (code, out) == (2, "")
    assert err.startswith(f"it ends the process, {call}, instead of raising an exception")


def test_a_revision_that_lies_elsewhere_is_no_env(open_case: Open, run: Run) -> None:
    """version_locations may be outside of the directory that env.py is in."""
    root = open_case("environment/is_synchronous")
    elsewhere = root.parent / "elsewhere"
    (root / "versions").rename(elsewhere)
    ini = root / "alembic.ini"
    text = ini.read_text(encoding="utf-8")
    ini.write_text(text.replace("[alembic]", f"[alembic]\nversion_locations = {elsewhere}", 1))

    code, _, err = run("parity")

    assert code == 2
    assert err.startswith("the history cannot be applied: ")
    assert f"where: {elsewhere / '0001_users.py'}:10" in err


def _give_metadata(root: Path) -> None:
    env = (root / "env.py").read_text(encoding="utf-8")
    whole = env.replace("target_metadata=None", "target_metadata=sa.MetaData()")
    (root / "env.py").write_text(f"import sqlalchemy as sa\n{whole}", encoding="utf-8")


@pytest.mark.parametrize("command", [("parity",), ("revision", "a change")])
def test_an_env_that_does_not_commit_is_an_error_of_every_command(
    open_case: Open, run: Run, command: tuple[str, ...]
) -> None:
    """A database that a new connection finds empty is no history to compare or to write for."""
    root = open_case("roundtrip/env_py/never_commits")
    _give_metadata(root)

    code, out, err = run(*command)

    assert (code, out) == (2, "")
    assert "`alembic upgrade` to 0001 ends without an error and commits nothing: " in err
    assert f"where: {root / 'env.py'}" in err


def test_an_env_that_swallows_an_error_is_reported_by_parity(open_case: Open, run: Run) -> None:
    """What a new connection does not find is no commit that is missing there."""
    _give_metadata(open_case("roundtrip/env_py/keeps_errors_to_itself"))

    code, out, err = run("parity")

    assert (code, out) == (2, "")
    assert err.startswith("env.py keeps the error of revision ")
