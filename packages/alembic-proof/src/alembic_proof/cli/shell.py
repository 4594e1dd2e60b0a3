"""An interactive shell on a database."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from alembic_proof.errors import ConfigError
from alembic_proof.postgres.url import DatabaseUrl

# Would lead psql elsewhere, or log in as somebody else.
# Source: https://www.postgresql.org/docs/current/libpq-envars.html
_MISLEADING = ("PGHOSTADDR", "PGPASSWORD", "PGSERVICE", "PGSSLMODE", "PGREQUIREAUTH", "PGOPTIONS")


def open_shell(url: str) -> NoReturn:
    """Replace this process by psql, else pgcli, on the database.

    The address travels in the environment, so that no list of processes shows a password.

    Raises:
        ConfigError: neither is installed.
    """
    program = _find_shell()
    environment = shell_environment(url, os.environ)
    os.execve(program, (program,), environment)  # noqa: S606  an argument list, no shell


def shell_environment(url: str, environ: Mapping[str, str]) -> dict[str, str]:
    """The environment that makes libpq connect to the URL's database."""
    target = DatabaseUrl.parse(url)
    host, port = target.hosts[0] if target.hosts else ("", None)
    named = {
        "PGHOST": host,
        "PGPORT": str(port or ""),
        "PGUSER": target.user,
        "PGDATABASE": target.database,
        "PGPASSWORD": target.password,
    }
    kept = {name: value for name, value in environ.items() if name not in {*named, *_MISLEADING}}
    return kept | {name: value for name, value in named.items() if value}


def _find_shell() -> str:
    """The path of psql from PATH, else of pgcli from PATH or beside this Python."""
    beside = str(Path(sys.executable).parent)
    found = shutil.which("psql") or shutil.which("pgcli") or shutil.which("pgcli", path=beside)
    if found is None:
        raise ConfigError(
            "neither psql nor pgcli is installed", todo="install one of them: pip install pgcli"
        )
    return found
