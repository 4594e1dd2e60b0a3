"""Revisions that wait for a connection of their own, through each driver."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from alembic_deploy.url import is_usable_driver


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg", "psycopg2"])
def test_a_revision_that_waits_for_itself_is_ended_and_named(
    open_case: Callable[[str], Path],
    run: Callable[..., tuple[int, str, str]],
    expected: Callable[[Path, str], str],
    driver: str,
) -> None:
    """It names both sessions and the line; revisions after it are not reported."""
    pytest.importorskip("psycopg", reason="the revision's own connection")
    if not is_usable_driver(driver):
        pytest.skip(f"{driver} is not installed")
    root = open_case("lock_waits")
    settings = (root / "pyproject.toml").read_text(encoding="utf-8")
    (root / "pyproject.toml").write_text(f'{settings}driver = "{driver}"\n', encoding="utf-8")

    code, out, _ = run("roundtrip")

    out = re.sub(r"pid \d+( \([\w -]+\))?", "pid N", out)
    assert (code, out) == (1, expected(root, out))


_WAITS = """import os

import psycopg
from alembic import op

from alembic_deploy.url import DatabaseUrl

revision = "0002"
down_revision = "0001"


def upgrade():
    name = op.get_bind().exec_driver_sql("SELECT current_database()").scalar_one()
    url = DatabaseUrl.parse(os.environ["CASE_SCRATCH_URL"]).with_database(name)
    with psycopg.connect(url.text) as other:
        other.execute("LOCK TABLE notes")
        op.execute("UPDATE notes SET name = name")


def downgrade():
    pass
"""


def test_a_trial_that_waits_for_itself_is_ended(
    open_case: Callable[[str], Path], run: Callable[..., tuple[int, str, str]]
) -> None:
    """The extra run that looks for hidden rows does not wait forever either."""
    root = open_case("lock_waits")
    table = root / "versions" / "0001_notes.py"
    forced = "ALTER TABLE notes ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"
    text = table.read_text(encoding="utf-8")
    end = text.index("\n\n\ndef downgrade")
    table.write_text(f'{text[:end]}\n    op.execute("{forced}"){text[end:]}', encoding="utf-8")
    (root / "versions" / "0002_index.py").write_text(_WAITS, encoding="utf-8")

    code, out, _ = run("roundtrip")

    assert code == 1
    assert "for a lock of pid" in out


def test_a_step_that_is_run_past_a_failure_is_watched(
    open_case: Callable[[str], Path], run: Callable[..., tuple[int, str, str]]
) -> None:
    """What comes behind a statement that fails on rows was never come to before."""
    root = open_case("lock_waits")
    bound = 'def upgrade():\n    op.execute("ALTER TABLE notes ALTER name SET NOT NULL")'
    text = _WAITS.replace("def upgrade():", bound)
    for waits in ("LOCK TABLE notes", "UPDATE notes SET name = name"):
        text = text.replace(waits, "SELECT pg_advisory_lock(7)")
    (root / "versions" / "0002_index.py").write_text(text, encoding="utf-8")

    code, out, _ = run("roundtrip")

    assert code == 1
    assert "for a lock of pid" in out


def test_every_command_that_builds_the_history_ends_such_a_wait(
    open_case: Callable[[str], Path], run: Callable[..., tuple[int, str, str]]
) -> None:
    """The error names the revision's line, and who has the lock."""
    pytest.importorskip("psycopg", reason="the revision's own connection")
    root = open_case("lock_waits")

    code, out, err = run("parity")

    assert (code, out) == (2, "")
    assert err.startswith("the upgrade of revision 0002 never ends: pid ")
    assert f"where: {root / 'versions' / '0002_index.py'}:20\n" in err
    assert "waits for: UPDATE notes SET name = name" in err


_MUTEX = """import sqlalchemy as sa
from alembic import context

url = context.config.get_main_option("sqlalchemy.url") or ""
engine = sa.create_engine(url, poolclass=sa.pool.NullPool)
with engine.connect() as mutex, engine.connect() as connection:
    mutex.exec_driver_sql("CREATE TABLE IF NOT EXISTS mutex (id integer)")
    mutex.commit()
    mutex.exec_driver_sql("LOCK TABLE mutex")
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""


@pytest.mark.parametrize("is_advisory", [False, True])
def test_reading_between_steps_does_not_wait_for_ever(
    open_case: Callable[[str], Path],
    run: Callable[..., tuple[int, str, str]],
    *,
    is_advisory: bool,
) -> None:
    """A table that env.py keeps locked ends the proof; an advisory lock does not matter."""
    pytest.importorskip("psycopg", reason="the mutex's own connection")
    root = open_case("lock_waits")
    env = (
        _MUTEX.replace("LOCK TABLE mutex", "SELECT pg_advisory_lock(7)") if is_advisory else _MUTEX
    )
    (root / "env.py").write_text(env, encoding="utf-8")
    (root / "versions" / "0002_index.py").unlink()
    settings = (root / "pyproject.toml").read_text(encoding="utf-8")
    (root / "pyproject.toml").write_text(f'{settings}driver = "psycopg"\n', encoding="utf-8")

    code, out, err = run("roundtrip")

    if is_advisory:
        assert code == 0, out
        return
    assert code == 2
    assert "waited 0.2 s for the lock on mutex of pid " in err
    assert "its last statement: LOCK TABLE mutex\n  where: " in err
