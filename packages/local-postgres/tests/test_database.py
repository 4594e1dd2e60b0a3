"""The database that a checkout has by default."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from local_postgres.database import LocalDatabase, ensure_local_database
from local_postgres.server import start

_EIGHT = """
import os, sys
from pathlib import Path
from local_postgres.database import LocalDatabase, ensure_local_database
local = LocalDatabase(
    state=Path(sys.argv[1]), database='sh"op', owner="shop keeper", app_login="till"
)
print(ensure_local_database(local, os.environ))
"""


def _scalar(local: LocalDatabase, query: str) -> str | None:
    """Return the only value of a query that the database's owner runs; None too without a row."""
    with start(local.server, os.environ).connect(local.database, local.owner) as execute:
        rows = execute(query)
        return rows[0][0] if rows else None


def test_its_owner_is_an_ordinary_role(state: Path, environ: dict[str, str]) -> None:
    """It may create databases and roles and is no superuser; the application login owns nothing."""
    local = LocalDatabase(state=state, database="shop", owner="keeper", app_login="till")

    url = ensure_local_database(local, environ)

    assert url.startswith("postgresql://keeper@/shop?host=/")
    role = (
        "SELECT (rolcanlogin, rolcreatedb, rolcreaterole, rolsuper, rolbypassrls)::text "
        "FROM pg_roles WHERE rolname = "
    )
    assert _scalar(local, f"{role} current_user") == "(t,t,t,f,f)"
    assert _scalar(local, f"{role} 'till'") == "(t,f,f,f,f)"
    assert _scalar(local, "SELECT current_database() || '/' || current_user") == "shop/keeper"
    owner = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()"
    assert _scalar(local, owner) == "keeper"


def test_the_database_and_its_data_are_kept(state: Path, environ: dict[str, str]) -> None:
    """Asking again gives the same URL and the same data."""
    local = LocalDatabase(state=state, database="shop", owner="keeper")
    url = ensure_local_database(local, environ)
    _scalar(local, "CREATE TABLE kept AS SELECT 1 AS x")

    assert ensure_local_database(local, environ) == url
    assert _scalar(local, "SELECT x FROM kept") == "1"


def test_its_owner_may_make_the_extension(state: Path, environ: dict[str, str]) -> None:
    """uuid-ossp is trusted: the owner of a database needs no superuser for it."""
    local = LocalDatabase(state=state, database="shop", owner="keeper")
    ensure_local_database(local, environ)

    _scalar(local, 'CREATE EXTENSION "uuid-ossp"')

    assert _scalar(local, "SELECT uuid_generate_v5(uuid_nil(), 'x') IS NOT NULL") == "t"


def test_eight_concurrent_calls_create_one_database(state: Path) -> None:
    """All get the same URL, also with names that need quotes."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _EIGHT, str(state)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(8)
    ]

    outputs = [process.communicate(timeout=120) for process in processes]

    assert [process.returncode for process in processes] == [0] * 8, outputs
    (url,) = {out.strip() for out, _ in outputs}
    assert url.startswith("postgresql://shop%20keeper@/sh%22op?host=/")
    local = LocalDatabase(state=state, database='sh"op', owner="shop keeper")
    assert _scalar(local, "SELECT current_user") == "shop keeper"
