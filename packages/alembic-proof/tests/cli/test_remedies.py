"""What the round trip advises about a step that fails."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from alembic_deploy.connect import run_on
from alembic_deploy.url import is_usable_driver
from alembic_proof.cli import main
from alembic_proof.history.revisions import ChainRevision
from alembic_proof.proofs.roundtrip.help_texts import Definitions, step_help

_STEP = re.compile(r"^✗ .* \d+\.\d{3} s\n| \(\d+ revisions?, \d+\.\d s\)$", re.MULTILINE)


@pytest.mark.parametrize(
    "case", ["create_all", "definitions", "driver_pg8000", "outer_transaction"]
)
def test_the_help_names_objects_and_settings(
    open_case: Callable[[str], Path],
    capsys: pytest.CaptureFixture[str],
    expected: Callable[[Path, str], str],
    case: str,
) -> None:
    """By the names that PostgreSQL gave and the settings that help; no address of an object."""
    if case == "driver_pg8000":
        pytest.importorskip("pg8000")
    root = open_case(f"remedies/{case}")

    code = main(["roundtrip"])

    out = _STEP.sub("", capsys.readouterr().out)
    assert (code, out) == (1, expected(root, out))


@pytest.mark.parametrize(
    ("statement", "advice"),
    [
        (
            "CREATE EVENT TRIGGER x ON sql_drop EXECUTE FUNCTION f()",
            "PostgreSQL requires a superuser",
        ),
        ("CREATE EXTENSION nowhere", "the scratch databases' server does not have the extension"),
        ("SELECT 1 FROM nowhere", "it does not exist at this point of the history"),
        ("SELECT 1 / 0", ""),
        ("CREATE TABLE pg_catalog.x ()", ""),
    ],
)
def test_the_help_follows_the_servers_error(scratch_url: str, statement: str, advice: str) -> None:
    """A right that no superuser's login would bring is the revision's own business."""

    def fail(connection: Connection) -> None:
        connection.execute(text(statement))

    with pytest.raises(DBAPIError) as caught:
        run_on(scratch_url, fail)

    revision = ChainRevision(revision_id="1", path=Path("1.py"), title="")
    said = step_help(revision, "upgrade", caught.value, Definitions())
    assert said.startswith(advice)
    assert bool(said) == bool(advice)


@pytest.mark.filterwarnings("ignore:coroutine")
@pytest.mark.parametrize(
    ("driver", "said"),
    [
        ("asyncpg", 'set another one with driver = "psycopg"'),
        ("psycopg2", "install psycopg2, or name the driver that the project has: driver = "),
    ],
)
def test_a_driver_that_env_py_cannot_use_names_the_setting(
    open_case: Callable[[str], Path], capsys: pytest.CaptureFixture[str], driver: str, said: str
) -> None:
    """Both what connects asynchronously in a synchronous env.py and what is not installed."""
    if (driver == "asyncpg") != is_usable_driver(driver):
        pytest.skip("it needs asyncpg without psycopg2")
    root = open_case("remedies/outer_transaction")
    with (root / "pyproject.toml").open("a", encoding="utf-8") as settings:
        settings.write(f'driver = "{driver}"\n')

    assert main(["roundtrip"]) == 2

    err = capsys.readouterr().err
    assert "env.py cannot run: " in err
    assert said in err
