"""Where the history lies, and which databases the settings and the checkout name."""

from __future__ import annotations

import os
from pathlib import Path

import boards
from alembic_proof.env import DatabaseUrl, local_database, local_database_url
from alembic_proof.errors import ConfigError
from boards.settings import APP_DATABASE_URL, DATABASE_URL, Settings

PACKAGE = Path(boards.__file__).resolve().parent
WHEEL = PACKAGE / "database" / "migrations"
CHECKOUT = PACKAGE.parents[1]


def alembic_ini() -> Path:
    """The wheel's alembic.ini, else the checkout's, beside the sources.

    Raises:
        ConfigError: neither is there.

    """
    for directory in (WHEEL, CHECKOUT):
        if (directory / "alembic.ini").is_file():
            return directory / "alembic.ini"
    raise ConfigError(
        "the migration history is not installed.", where=str(WHEEL), todo="reinstall the wheel"
    )


def owner_database_url(settings: Settings) -> str:
    """The URL of the login that owns the tables: the named one, else the checkout's own.

    Raises:
        ConfigError: no URL is set, and only a checkout has a database of its own.

    """
    url = settings.database_url or local_database_url(alembic_ini().parent, os.environ)
    if url is None:
        raise _unset(DATABASE_URL, login="owner")
    return url


def app_database_url(settings: Settings) -> str:
    """The URL of the application's login, which owns nothing.

    Where no URL at all is set, a checkout's local database has such a login.

    Raises:
        ConfigError: it is not set, or only the owner's is.

    """
    if settings.app_database_url is not None:
        return settings.app_database_url
    directory = alembic_ini().parent
    local = local_database(directory)
    if settings.database_url is None and local is not None and local.app_login is not None:
        url = local_database_url(directory, os.environ)
        assert url is not None
        return DatabaseUrl.parse(url).with_user(local.app_login).sqlalchemy_url
    raise _unset(APP_DATABASE_URL, login="login-that-owns-nothing")


def _unset(variable: str, *, login: str) -> ConfigError:
    return ConfigError(
        f"{variable} is not set.",
        where=f"environment variable {variable}",
        todo=f"set it to postgresql://{login}:password@host:5432/database",
    )
