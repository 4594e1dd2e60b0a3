"""Live databases on a server of their own, which some role has migrated."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from alembic_deploy.connect import run_on
from alembic_deploy.errors import ServerError
from local_postgres.server import LocalServer, reset, start

from .live import KEEPER, ROLES, Live, Open, upgrade

_CASES = Path(__file__).parents[2] / "cases"


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """Provide a server with its roles; the login `locked` needs a password."""
    local = LocalServer(tmp_path_factory.mktemp("live"), durable=False)
    found = Live(start(local, os.environ))
    found.do("postgres", *ROLES, "ALTER SYSTEM SET autovacuum = off")
    rules = Path(str(found.ask("postgres", "SHOW hba_file")))
    rules.write_text(f"local all locked scram-sha-256\n{rules.read_text()}")
    pid = (found.running.data / "postmaster.pid").read_text().splitlines()[0]
    os.kill(int(pid), signal.SIGHUP)
    _wait_until_locked(found)
    yield found
    reset(local)


def _wait_until_locked(live: Live) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            run_on(live.url("postgres", "locked"), lambda _: None)
        except ServerError:
            return
        time.sleep(0.02)
    pytest.fail("the server lets everybody in")


@pytest.fixture(scope="session")
def migrated(live: Live, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Databases that different roles have migrated to 0002, by the role's name."""
    found = {}
    root = tmp_path_factory.mktemp("shop")
    for source in (_CASES / "project", _CASES / "drift" / "shop"):
        for path in source.rglob("*"):
            if path.is_file():
                target = root / path.relative_to(source)
                target.parent.mkdir(exist_ok=True)
                target.write_bytes(path.read_bytes())
    for number, owner in enumerate((KEEPER, "alembic_proof_shop", "postgres")):
        found[owner] = live.make(f"template {number}", owner=owner)
        upgrade(root, live.url(found[owner], owner), "0002")
    return found


@pytest.fixture
def shop(live: Live, migrated: dict[str, str], open_case: Open) -> Iterator[str]:
    """Provide a live database of its own, which the keeper migrated; its name is as odd as a name can be."""
    open_case("drift/shop")
    name = live.make('live "x": 100%', owner=KEEPER, template=migrated[KEEPER])
    yield name
    live.do("postgres", 'DROP DATABASE "live ""x"": 100%" WITH (FORCE)')
