"""The database that a checkout uses when nobody names another one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from alembic_proof.config import Config, read_config
from alembic_proof.errors import ConfigError
from alembic_proof.postgres.url import usable_url

if TYPE_CHECKING:
    from alembic_proof.postgres.local import LocalDatabase


def local_database(directory: Path) -> LocalDatabase | None:
    """What the pyproject.toml in `directory` says of the local database; None without it.

    Raises:
        ConfigError: unreadable or wrong settings.
    """
    # Only a checkout comes this far; an installed wheel never loads the server's code.
    from alembic_proof.postgres.local import LocalDatabase

    settings = read_config(directory)
    if settings is None or settings.local_state is None:
        return None
    if settings.local_database is None or settings.local_owner is None:
        return None
    return LocalDatabase(
        state=settings.local_state,
        database=settings.local_database,
        owner=settings.local_owner,
        app_login=settings.local_app_login,
    )


def local_database_url(directory: Path, environ: Mapping[str, str]) -> str | None:
    """The local database's URL, its server started; None where there is no such database.

    Raises:
        ConfigError: unreadable or wrong settings.
        ServerError: the local server cannot be started.
    """
    from alembic_proof.postgres.local import ensure_local_database

    local = local_database(directory)
    return None if local is None else ensure_local_database(local, environ)


def developer_database_url(
    settings: Config, environ: Mapping[str, str], *, start: bool = True
) -> str | None:
    """Return the URL in the variable of `url_env`, else the local database's; None without either.

    :param start: Start the local server. Otherwise its database counts only while the server runs.
    :raises ConfigError: What the variable holds is no URL.
    :raises ServerError: The local server cannot be started.
    """
    if url := _named_url(settings, environ):
        return url
    local = local_database(settings.directory)
    if local is None:
        return None
    from alembic_proof.postgres.local import ensure_local_database
    from alembic_proof.postgres.server import status

    if not start and not any(one.running for one in status(local.server)):
        return None
    return ensure_local_database(local, environ)


def named_database_url(directory: Path, environ: Mapping[str, str]) -> str | None:
    """Return the URL in the variable that `url_env` beside alembic.ini names; None without one.

    :raises ConfigError: Settings, or an URL, that cannot be used.
    """
    settings = read_config(directory)
    return _named_url(settings, environ) if settings else None


def _named_url(settings: Config, environ: Mapping[str, str]) -> str | None:
    variable = settings.url_env
    url = environ.get(variable, "").strip() if variable else ""
    return usable_url(url, where=f"environment variable {variable}") if url else None


def default_database_url(directory: Path) -> str:
    """The local database's URL; an error that says how to name another one without it."""
    url = local_database_url(directory, os.environ)
    if url is not None:
        return url
    settings = read_config(directory)
    raise ConfigError(
        "no database is named, and only a checkout has a default one",
        where=str(directory),
        todo=_todo(settings),
    )


def _todo(settings: Config | None) -> str:
    variable = settings.url_env if settings else None
    how = f"set {variable}" if variable else "give run_env(url=…) an URL"
    return f"{how}: postgresql://user:password@host:5432/database"
