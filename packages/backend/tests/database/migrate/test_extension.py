"""Without uuid-ossp, or with it off the search_path, one message says what to do."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from alembic_deploy.connect import run_on
from alembic_proof.catalog import diff, read_catalog
from alembic_proof.scratch import scratch_database, scratch_server
from local_postgres.binaries import BINDIR, locate_binaries
from local_postgres.server import LocalServer, reset
from packages.backend.tests.database.migrate.running import Migrate, send

CONTROL = "uuid-ossp.control"


@pytest.fixture
def bare_url(tmp_path: Path) -> Iterator[str]:
    """Yield the URL of an empty database on a PostgreSQL that came without its contrib package."""
    whole = locate_binaries(os.environ).bin_dir.parent
    if not list((whole / "share").rglob(CONTROL)):
        pytest.skip(f"{whole} cannot be copied: its extensions lie elsewhere")
    bare, state = tmp_path / "bare", tmp_path / "state"
    shutil.copytree(whole, bare, symlinks=True, ignore=shutil.ignore_patterns(CONTROL))
    url = scratch_server({**os.environ, BINDIR: str(bare / "bin")}, state=state)
    with scratch_database(url) as database:
        yield database
    reset(LocalServer(state, durable=False))


def test_a_server_without_the_extension(migrate: Migrate, bare_url: str) -> None:
    """The error names it and what to install; nothing is applied."""
    empty = run_on(bare_url, read_catalog)

    done = migrate("upgrade", url=bare_url)

    assert done.code == 2
    assert "the extension uuid-ossp is not available on this server" in done.err
    assert "contrib package" in done.err
    assert done.err.count("uuid-ossp is not available") == 1
    assert "the revision is rolled back, the database is at base" in done.err
    assert diff(empty, run_on(bare_url, read_catalog)) == ()


def test_an_extension_out_of_reach(migrate: Migrate, scratch_url: str) -> None:
    """The error names its schema and two remedies; the one for the owner works."""
    send(scratch_url, 'CREATE SCHEMA "Far"', 'CREATE EXTENSION "uuid-ossp" WITH SCHEMA "Far"')

    refused = migrate("upgrade")
    (advice,) = re.findall(r"ALTER DATABASE .* SET search_path = [^.]*", refused.err)
    send(scratch_url, advice)

    assert refused.code == 2
    assert 'in the schema "Far", which is not on the search_path' in refused.err
    assert 'ALTER EXTENSION "uuid-ossp" SET SCHEMA public' in refused.err
    assert migrate("upgrade").code == 0
    assert migrate("check").code == 0
    assert migrate("downgrade", "base", "--yes").code == 0
