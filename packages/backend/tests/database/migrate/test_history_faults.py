"""A broken history is one clear message, and completed revisions stay applied."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from alembic_deploy.connect import run_on
from packages.backend.tests.database.migrate.running import CHAIN, Migrate, with_password

HEAD = CHAIN[-1]

REVISION = '''"""{message}."""

from alembic import op

revision = "{revision}"
down_revision = "{down_revision}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE TABLE public.{revision} (id int)")
    {last}


def downgrade() -> None:
    op.execute("DROP TABLE public.{revision}")
'''


def write_revision(
    versions: Path, revision: str, *, message: str, down_revision: str | None = HEAD, last: str = ""
) -> None:
    """Write a revision that makes a table of its own name."""
    text = REVISION.format(
        revision=revision, message=message, down_revision=down_revision, last=last or "pass"
    )
    (versions / f"20991231_235959_{revision}.py").write_text(text, encoding="utf-8")


def test_failing_revision(migrate: Migrate, own_history: Path, scratch_url: str) -> None:
    """A revision that fails is undone as a whole; `current` names the last one that was completed."""
    write_revision(own_history, "bad1", message="Fail", last='op.execute("SELECT 1 / 0")')

    done = migrate("upgrade", url=with_password(scratch_url))

    assert done.code == 2
    assert "bad1" in done.err
    assert "division by zero" in done.err
    assert migrate("current").out.startswith(str(HEAD))
    found = run_on(
        scratch_url, lambda c: c.exec_driver_sql("SELECT to_regclass('public.bad1')").scalar_one()
    )
    assert found is None


def test_going_on_after_a_failure(migrate: Migrate, own_history: Path) -> None:
    """After the failing revision is corrected, `upgrade` continues where it stopped."""
    write_revision(own_history, "bad1", message="Fail", last='op.execute("SELECT 1 / 0")')
    migrate("upgrade")
    write_revision(own_history, "bad1", message="Mended")

    done = migrate("upgrade")

    assert done.code == 0
    assert f"{HEAD} -> bad1" in done.out


@pytest.mark.parametrize("line", ["if:", "x = no_such_name", "import no_such_module"])
def test_a_revision_that_cannot_be_loaded(migrate: Migrate, own_history: Path, line: str) -> None:
    """`history`, which asks no database, names the file and the line as `upgrade` does."""
    write_revision(own_history, "bad1", message="Fail")
    path = own_history / "20991231_235959_bad1.py"
    path.write_text(f"{line}\n{path.read_text(encoding='utf-8')}", encoding="utf-8")

    for command in ("history", "upgrade"):
        done = migrate(command)

        assert (done.code, done.out) == (2, "")
        assert f"  where: {path}:1\n" in done.err


def test_two_heads(migrate: Migrate, own_history: Path) -> None:
    """A history with two heads is refused before anything is applied; both are named."""
    write_revision(own_history, "left1", message="Left")
    write_revision(own_history, "right1", message="Right")

    done = migrate("upgrade")

    assert done.code == 2
    assert "left1" in done.err
    assert "right1" in done.err
    assert migrate("current").out == "base (no revision is applied)\n"


def test_revision_that_cannot_be_read(migrate: Migrate, own_history: Path) -> None:
    """A revision file that is not Python is named."""
    (own_history / "20991231_235959_broken.py").write_text("def upgrade(:\n", encoding="utf-8")

    done = migrate("upgrade")

    assert done.code == 2
    assert "20991231_235959_broken.py" in done.err


def test_no_history(migrate: Migrate, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An installation without its history says so."""
    for name in ("WHEEL", "CHECKOUT"):
        monkeypatch.setattr(f"boards.database.migrate.{name}", tmp_path)

    done = migrate("history")

    assert done.code == 2
    assert "not installed" in done.err


def test_sigterm_ends_in_order(migrate: Migrate, own_history: Path, scratch_url: str) -> None:
    """A container's stop ends the migration: code 143, its session gone, its revision undone."""
    write_revision(own_history, "slow1", message="Wait", last='op.execute("SELECT pg_sleep(60)")')

    def stop() -> None:
        wait_until(scratch_url, sleepers=1)
        os.kill(os.getpid(), signal.SIGTERM)

    stopper = threading.Thread(target=stop)
    stopper.start()
    done = migrate("upgrade")
    stopper.join()

    assert done.code == 143
    wait_until(scratch_url, sleepers=0)
    assert migrate("current").out.startswith(str(HEAD))


def wait_until(url: str, *, sleepers: int) -> None:
    """Wait until that many sessions of the database sleep in a revision."""
    sleeping = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND state = 'active' AND query = 'SELECT pg_sleep(60)'"
    )
    deadline_s = time.monotonic() + 20
    while run_on(url, lambda c: c.exec_driver_sql(sleeping).scalar_one()) != sleepers:
        assert time.monotonic() < deadline_s
        time.sleep(0.05)


@pytest.mark.parametrize(
    "arguments",
    [("upgrade", ""), ("downgrade", ""), ("upgrade", "a:b"), ("sql", "upgrade", "a:b:c")],
)
def test_what_is_no_revision_is_refused(migrate: Migrate, arguments: tuple[str, ...]) -> None:
    """An empty name and a range of three are usage errors."""
    done = migrate(*arguments)

    assert done.code == 2
    assert "is not" in done.err
