"""--sql: the whole history as a script, in both directions, that a server takes as it is."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Connection

from alembic_proof.catalog import diff
from alembic_proof.env import DatabaseUrl
from alembic_proof.postgres.connect import run_on
from packages.backend.tests.history.database import PINNED, Database, offline

PSQL = shutil.which("psql")
PARTS = re.compile(r"(\$\w*\$).*?\1|'(?:[^']|'')*'|--[^\n]*|;", re.DOTALL)

Apply = Callable[[Database, str], None]


def statements(script: str) -> Iterator[str]:
    """The script's statements; semicolons in quotes, bodies and comments end none."""
    start = 0
    for part in PARTS.finditer(script):
        if part.group() == ";":
            yield script[start : part.start()].strip()
            start = part.end()


def apply_by_statement(database: Database, script: str) -> None:
    """Sends the script statement by statement, as a client without psql does."""

    def send(connection: Connection) -> None:
        for statement in statements(script):
            connection.exec_driver_sql(statement, execution_options={"no_parameters": True})

    run_on(database.url, send, autocommit=True)


def apply_by_psql(database: Database, script: str) -> None:
    """Pipes the script into psql, which stops at the first error."""
    done = subprocess.run(
        [
            "psql",
            "--no-psqlrc",
            "--quiet",
            "-v",
            "ON_ERROR_STOP=1",
            DatabaseUrl.parse(database.url).dsn,
        ],
        input=script,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "apply",
    [
        pytest.param(
            apply_by_psql, marks=pytest.mark.skipif(PSQL is None, reason="there is no psql")
        ),
        apply_by_statement,
    ],
    ids=["psql", "statement by statement"],
)
def test_script_does_what_alembic_does(database: Database, apply: Apply) -> None:
    """Applied, the scripts lead where the commands do, and back to an empty database."""
    empty = database.catalog()
    database.upgrade(PINNED)
    by_alembic = database.catalog()
    database.downgrade()
    database.execute("DROP TABLE alembic_version")

    apply(database, offline("upgrade", PINNED))
    by_script = database.catalog()
    apply(database, offline("downgrade", f"{PINNED}:base"))

    assert diff(by_alembic, by_script) == ()
    assert diff(empty, database.catalog()) == ()


def test_script_begins_with_the_roles() -> None:
    """The first statement of the upgrade's script makes the role that revisions grant to."""
    first = next(statements(offline("upgrade", "head")))

    assert 'CREATE ROLE "boards_app"' in first


def test_script_is_split_at_the_right_places() -> None:
    """Semicolons inside of strings, bodies and comments do not end a statement."""
    script = "SELECT ';'; -- ;\nDO $a$ BEGIN; END $a$;"

    assert list(statements(script)) == ["SELECT ';'", "-- ;\nDO $a$ BEGIN; END $a$"]
