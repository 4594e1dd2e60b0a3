"""The database URLs of owner and application: from the settings, else the checkout's own."""

from __future__ import annotations

import os
from pathlib import Path

import boards
from alembic_deploy.errors import ConfigError
from alembic_deploy.settings import local_database, local_database_url
from alembic_deploy.url import DatabaseUrl
from boards.settings import APP_DATABASE_URL, DATABASE_URL, Settings

PACKAGE = Path(boards.__file__).resolve().parent
CHECKOUT = PACKAGE.parents[1]
"""The directory of alembic.ini and pyproject.toml in a checkout."""


def owner_database_url(settings: Settings) -> str:
    """Return the URL of the login that owns the tables: the named one, else the checkout's own.

    :raises ConfigError: No URL is set, and only a checkout has a database of its own.
    """
    url = settings.database_url or local_database_url(CHECKOUT, os.environ)
    if url is None:
        raise _unset(DATABASE_URL, login="owner")
    return url


def app_database_url(settings: Settings) -> str:
    """Return the URL of the application's login, which owns nothing.

    If no URL at all is set, that is the login of a checkout's local database.

    :raises ConfigError: It is not set, or only the owner's is.
    """
    if settings.app_database_url is not None:
        return settings.app_database_url
    if settings.database_url is None and (login := local_app_login()) is not None:
        url = local_database_url(CHECKOUT, os.environ)
        assert url is not None
        return DatabaseUrl.parse(url).with_user(login).sqlalchemy_url
    raise _unset(APP_DATABASE_URL, login="login-that-owns-nothing")


def local_app_login() -> str | None:
    """Return the application's login on the checkout's own database; None without one."""
    local = local_database(CHECKOUT)
    return local.app_login if local is not None else None


def _unset(variable: str, *, login: str) -> ConfigError:
    return ConfigError(
        f"{variable} is not set.",
        where=f"environment variable {variable}",
        todo=f"set it to postgresql://{login}:password@host:5432/database",
    )
