"""The database that a checkout has by default."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from alembic_proof.postgres.connect import run_on
from alembic_proof.postgres.local import LocalDatabase, ensure_local_database

_EIGHT = """
import os, sys
from pathlib import Path
from alembic_proof.postgres.local import LocalDatabase, ensure_local_database
local = LocalDatabase(
    state=Path(sys.argv[1]), database='sh"op', owner="shop keeper", app_login="till"
)
print(ensure_local_database(local, os.environ))
"""


def _scalar(url: str, query: str) -> object:
    return run_on(url, lambda c: c.exec_driver_sql(query).scalar_one())


def test_its_owner_is_an_ordinary_role(state: Path, environ: dict[str, str]) -> None:
    """It may create databases and roles and is no superuser; the application login owns nothing."""
    local = LocalDatabase(state=state, database="shop", owner="keeper", app_login="till")

    url = ensure_local_database(local, environ)

    role = (
        "SELECT (rolcanlogin, rolcreatedb, rolcreaterole, rolsuper, rolbypassrls)::text "
        "FROM pg_roles WHERE rolname = "
    )
    assert _scalar(url, f"{role} current_user") == "(t,t,t,f,f)"
    assert _scalar(url, f"{role} 'till'") == "(t,f,f,f,f)"
    assert _scalar(url, "SELECT current_database() || '/' || current_user") == "shop/keeper"
    owner = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()"
    assert _scalar(url, owner) == "keeper"


def test_it_keeps_what_it_has(state: Path, environ: dict[str, str]) -> None:
    """Asking again gives the same URL and the same data."""
    local = LocalDatabase(state=state, database="shop", owner="keeper")
    url = ensure_local_database(local, environ)
    run_on(url, lambda c: c.exec_driver_sql("CREATE TABLE kept AS SELECT 1 AS x"))

    assert ensure_local_database(local, environ) == url
    assert _scalar(url, "SELECT x FROM kept") == 1


def test_its_owner_may_make_the_extension(state: Path, environ: dict[str, str]) -> None:
    """uuid-ossp is trusted: the owner of a database needs no superuser for it."""
    local = LocalDatabase(state=state, database="shop", owner="keeper")
    url = ensure_local_database(local, environ)

    run_on(url, lambda c: c.exec_driver_sql('CREATE EXTENSION "uuid-ossp"'))

    assert _scalar(url, "SELECT uuid_generate_v5(uuid_nil(), 'x') IS NOT NULL") is True


def test_eight_at_once_on_nothing_make_one(state: Path) -> None:
    """All get the same URL, whatever the names need in quotes."""
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
    assert _scalar(url, "SELECT current_user") == "shop keeper"
