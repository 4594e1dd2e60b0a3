"""The fixture `alembic_migration`: a database just below a revision, and the revision."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection

from alembic_deploy.connect import run_on

from .run import Runner

REVISION = '''"""Names in capitals."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("UPDATE public.users SET name = upper(name)")


def downgrade() -> None:
    op.execute("UPDATE public.users SET name = lower(name)")
'''
PLAIN = """
def test_names(alembic_migration):
    migration = alembic_migration("0002")
    migration.execute("INSERT INTO public.users (id, name) VALUES (1, 'ada')")

    migration.upgrade()
    assert migration.rows("SELECT name FROM public.users") == [("ADA",)]

    migration.downgrade()
    assert migration.rows("SELECT name FROM public.users") == [("ada",)]


def test_percent(alembic_migration):
    migration = alembic_migration("0002")
    migration.execute("INSERT INTO public.users (id, name) VALUES (1, '100%')")
    assert migration.rows("SELECT 7 % 4 FROM public.users WHERE name LIKE '1%'") == [(3,)]


def test_fresh_each_time(alembic_migration):
    assert alembic_migration("0002").rows("SELECT name FROM public.users") == []
"""
IN_A_LOOP = """
import asyncio

def test_names(alembic_migration):
    async def move():
        migration = alembic_migration("0002")
        migration.execute("INSERT INTO public.users (id, name) VALUES (1, 'ada')")
        migration.upgrade()
        return migration.rows("SELECT name FROM public.users")

    assert asyncio.run(move()) == [("ADA",)]
"""
DOCUMENT = Path(__file__).parents[4] / "docs" / "howto" / "pytest.md"
EXAMPLES = re.findall(
    r"^```python\n(.*?)^```", DOCUMENT.read_text("utf-8"), re.DOTALL | re.MULTILINE
)


@pytest.fixture
def root(open_case: Callable[[str], Path]) -> Path:
    """Return a project whose second revision changes rows."""
    root = open_case("roundtrip/history/one_run_lists_all")
    for path in (root / "versions").glob("000[2-9]*.py"):
        path.unlink()
    (root / "versions" / "0002_capitals.py").write_text(REVISION, encoding="utf-8")
    return root


@pytest.mark.parametrize("source", [PLAIN, IN_A_LOOP, *EXAMPLES])
def test_a_data_migration_is_tested(root: Path, run: Runner, source: str) -> None:
    """Rows from below are moved up and down, outside and inside of an event loop."""
    (root / "test_own.py").write_text(source, encoding="utf-8")

    done = run(root)

    assert done.code == 0, done.output


def test_a_wrong_migration_fails_the_test(root: Path, run: Runner) -> None:
    """The test sees what the revision really did."""
    path = root / "versions" / "0002_capitals.py"
    path.write_text(REVISION.replace("lower(name)", "name"), encoding="utf-8")
    (root / "test_own.py").write_text(PLAIN, encoding="utf-8")

    done = run(root)

    assert done.with_outcome("failed") == ["test_own::test_names"]
    assert done.with_outcome("passed") == [
        "test_own::test_percent",
        "test_own::test_fresh_each_time",
    ]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("upgrade(); migration.upgrade()", "revision 0002 is applied already"),
        ("downgrade()", "revision 0002 is not applied"),
    ],
)
def test_a_step_that_was_made_already_is_refused(
    root: Path, run: Runner, call: str, said: str
) -> None:
    """The error is one sentence, and the revision does not run."""
    (root / "test_own.py").write_text(
        f"def test_it(alembic_migration):\n"
        f"    migration = alembic_migration('0002')\n    migration.{call}\n",
        encoding="utf-8",
    )

    done = run(root)

    assert done.code == 1
    assert said in done.output


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
def test_its_own_connections_have_the_projects_driver(root: Path, run: Runner, driver: str) -> None:
    """Two statements at once are accepted by psycopg and refused by asyncpg."""
    pytest.importorskip(driver)
    path = root / "pyproject.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(f'{text}driver = "{driver}"\n', encoding="utf-8")
    (root / "test_own.py").write_text(
        "def test_it(alembic_migration):\n"
        "    alembic_migration('0002').execute('SELECT 1; SELECT 2')\n",
        encoding="utf-8",
    )

    assert run(root).code == (1 if driver == "asyncpg" else 0)


def test_an_unknown_revision(root: Path, run: Runner) -> None:
    """The error names it."""
    (root / "test_own.py").write_text(PLAIN.replace('"0002"', '"0009"'), encoding="utf-8")

    done = run(root)

    assert done.code == 1
    assert "no such revision" in done.output
    assert "0009" in done.output
    assert "pytest_plugin" not in done.output
    assert "direct cause" not in done.output


def test_no_project(root: Path, run: Runner) -> None:
    """The error says what was looked for, and shows none of our own source."""
    (root / "test_own.py").write_text(PLAIN, encoding="utf-8")
    (root / "alembic.ini").unlink()

    done = run(root)

    assert done.code == 1
    assert "there is no Alembic project here" in done.output
    assert "find_project" not in done.output


@pytest.mark.parametrize("name", ["", "base", "0001:"])
def test_a_name_that_is_no_single_revision(root: Path, run: Runner, name: str) -> None:
    """The error is one sentence, as for an unknown revision."""
    (root / "test_own.py").write_text(PLAIN.replace('"0002"', repr(name)), encoding="utf-8")

    done = run(root)

    assert done.code == 1
    assert "no such revision" in done.output or "is no single revision" in done.output
    assert "pytest_plugin" not in done.output


def test_an_env_py_that_goes_elsewhere(
    open_case: Callable[[str], Path], run: Runner, scratch_url: str
) -> None:
    """It is refused before anything is migrated there."""
    root = open_case("environment/goes_its_own_way")
    [first] = (root / "versions").glob("*.py")
    revision = first.stem.partition("_")[0]
    source = f"def test_it(alembic_migration):\n    alembic_migration({revision!r}).upgrade()\n"
    (root / "test_own.py").write_text(source, encoding="utf-8")

    (root / "own_url").write_text(scratch_url, encoding="utf-8")
    done = run(root)

    assert done.code == 1
    assert "env.py connects to" in done.output, done.output
    assert "pytest_plugin" not in done.output


def test_databases_are_dropped(root: Path, run: Runner, server_url: str) -> None:
    """While the test runs its database is there; at its end it is gone."""
    asks = """
from pathlib import Path

def test_name(alembic_migration):
    migration = alembic_migration("0002")
    [(name,)] = migration.rows("SELECT current_database()")
    Path("name").write_text(name)
"""
    (root / "test_own.py").write_text(asks, encoding="utf-8")

    assert run(root).code == 0
    name = (root / "name").read_text(encoding="utf-8")

    def count(connection: Connection) -> object:
        query = f"SELECT count(*) FROM pg_database WHERE datname = '{name}'"
        return connection.exec_driver_sql(query).scalar()

    assert name.startswith("alembic_proof_")
    assert run_on(server_url, count) == 0
