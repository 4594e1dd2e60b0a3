"""In a checkout the local database serves migrations and tenant sessions without any URL.

A copy of this package in a directory with a space and a letter beyond ASCII, with a server of its
own, on which passwords are asked for as well.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from alembic_deploy.connect import run_on
from alembic_deploy.settings import local_database_url
from alembic_deploy.url import DatabaseUrl
from local_postgres.server import LocalServer, start, stop
from packages.backend.tests.database.migrate.running import SECRET, Migrate

BACKEND = Path(__file__).resolve().parents[3]
MIGRATE = "from boards.database.migrate import main; raise SystemExit(main())"
VISIT = f"""
import asyncio
from sqlalchemy import text
from boards.database import owner_session, tenant_session

async def who(session):
    query = text("SELECT session_user, current_user, current_setting('app.tenant_id', true)")
    return tuple((await session.execute(query)).one())

async def main():
    async with tenant_session("{uuid4()}") as session:
        print(*await who(session))
    async with owner_session() as session:
        print(*await who(session))

asyncio.run(main())
"""


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy of the package as a checkout has it."""

    backend: Path

    def run(
        self, program: str, *arguments: str, **environ: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a Python program on the copy; its output contains no password."""
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("BOARDS_")}
        done = subprocess.run(
            [sys.executable, "-c", program, *arguments],
            cwd=self.backend,
            env={**inherited, "PYTHONPATH": str(self.backend / "src"), **environ},
            capture_output=True,
            text=True,
            check=False,
        )
        assert SECRET not in done.stdout + done.stderr
        return done


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copy]:
    """Yield the copy, migrated; its server is stopped at the end."""
    root = tmp_path_factory.mktemp("work") / "böards checkout"
    backend = root / "packages" / "backend"
    backend.mkdir(parents=True)
    for name in ("alembic.ini", "pyproject.toml"):
        shutil.copy(BACKEND / name, backend)
    for name in ("alembic", "src"):
        shutil.copytree(BACKEND / name, backend / name)
    copy = Copy(backend)
    done = copy.run(MIGRATE, "--local", "upgrade")
    assert (done.returncode, done.stderr) == (0, "")
    yield copy
    stop(LocalServer(root / ".postgres", durable=True))


def test_upgraded(copy: Copy) -> None:
    """`boards-migrate --local` works on the checkout's own database."""
    done = copy.run(MIGRATE, "--local", "current")

    assert done.returncode == 0
    assert "(head)" in done.stdout


def test_sessions_without_a_url(copy: Copy) -> None:
    """Tenant sessions log in as the login that the bootstrap made, the owner's as the owner."""
    done = copy.run(VISIT)

    tenant, owner = done.stdout.splitlines()
    assert tenant.split()[:2] == ["boards_local_app", "boards_app"]
    assert owner.split()[:2] == ["boards", "boards"]


def test_without_a_url(copy: Copy) -> None:
    """Also in a checkout boards-migrate has no default database unless --local is given."""
    done = copy.run(MIGRATE, "upgrade")

    assert done.returncode == 2
    assert "boards-migrate --local" in done.stderr


@pytest.fixture(scope="module")
def password_url(copy: Copy) -> str:
    """Return the URL, with its password, of a role that the server asks for it."""
    url = local_database_url(copy.backend, os.environ)
    assert url is not None
    server = start(LocalServer(copy.backend.parents[1] / ".postgres", durable=True), os.environ)
    superuser = server.url("postgres")
    rules = Path(run_on(superuser, lambda c: c.exec_driver_sql("SHOW hba_file").scalar_one()))
    rules.write_text(f"local all asked scram-sha-256\n{rules.read_text()}", encoding="utf-8")
    make = f"CREATE ROLE asked LOGIN IN ROLE boards PASSWORD '{SECRET}'"
    run_on(superuser, lambda c: c.exec_driver_sql(make))
    run_on(superuser, lambda c: c.exec_driver_sql("SELECT pg_reload_conf()"))
    return DatabaseUrl.parse(url).with_user("asked", SECRET).dsn


def test_passwords(migrate: Migrate, password_url: str) -> None:
    """An error for a wrong password names the login; with the right one the database is there.

    Neither password is printed, and none is asked for.
    """
    wrong = DatabaseUrl.parse(password_url).with_user("asked", f"{SECRET}-but-wrong").dsn
    without = DatabaseUrl.parse(password_url).with_user("asked").dsn

    assert migrate("current", url=password_url).code == 0
    for command in ("upgrade", "bootstrap"):
        done = migrate(command, url=wrong)
        assert (done.code, done.out) == (2, "")
        assert "password" in done.err
        assert "asked" in done.err
    assert migrate("upgrade", url=without).code == 2
