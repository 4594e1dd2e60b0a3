"""The history as a script of --sql, executed by psql; `nox -s roundtrip` proves the rest."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from alembic_deploy.statements import split_statements
from alembic_deploy.url import DatabaseUrl
from alembic_proof.catalog import diff
from packages.backend.tests.history.database import PINNED, Database, offline

PSQL = shutil.which("psql")


def apply_by_psql(database: Database, script: str) -> None:
    """Pipe the script into psql, which stops at the first error."""
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


@pytest.mark.skipif(PSQL is None, reason="there is no psql")
def test_script_does_what_alembic_does(database: Database) -> None:
    """Executed by psql, the scripts do what the commands do, and lead back to an empty database."""
    empty = database.catalog()
    database.upgrade(PINNED)
    by_alembic = database.catalog()
    database.downgrade()
    database.execute("DROP TABLE alembic_version")

    apply_by_psql(database, offline("upgrade", PINNED))
    by_script = database.catalog()
    apply_by_psql(database, offline("downgrade", f"{PINNED}:base"))

    assert diff(by_alembic, by_script) == ()
    assert diff(empty, database.catalog()) == ()


def test_script_begins_with_the_roles() -> None:
    """The first statement of the upgrade's script makes the role that revisions grant to."""
    first = next(iter(split_statements(offline("upgrade", "head"))))

    assert 'CREATE ROLE "boards_app"' in first.text
