"""Alembic's configuration of the history that came with this package."""

from __future__ import annotations

import sys
from argparse import Namespace

from alembic.config import Config

from alembic_proof.env import local_database
from alembic_proof.errors import ConfigError
from boards.database.places import CHECKOUT, alembic_ini
from boards.settings import DATABASE_URL, Settings


def online_config(arguments: Namespace, settings: Settings) -> Config:
    """The configuration of a command that works on a database; env.py opens it.

    Raises:
        ConfigError: no database was named, or two were; or the history was not installed.

    """
    check_database_is_named(arguments, settings)
    return offline_config()


def offline_config() -> Config:
    """The configuration of a command that needs the files only.

    Raises:
        ConfigError: the history was not installed.

    """
    return Config(str(alembic_ini()), stdout=sys.stdout)


def check_database_is_named(arguments: Namespace, settings: Settings) -> None:
    """Ensures that it is said which database is meant: there is no default one.

    Raises:
        ConfigError: neither BOARDS_DATABASE_URL nor --local says it, or both do.

    """
    is_named = settings.database_url is not None
    if is_named and arguments.local:
        raise ConfigError(
            f"--local is the checkout's own database, but {DATABASE_URL} names another.",
            where=f"environment variable {DATABASE_URL}",
            todo="leave one of the two away",
        )
    if not is_named and not arguments.local:
        raise ConfigError(
            f"{DATABASE_URL} is not set, and boards-migrate has no default database.",
            where=f"environment variable {DATABASE_URL}",
            todo="set it to postgresql://owner:password@host:5432/database; in a checkout, "
            "`make migrate` or `boards-migrate --local …` work on its local database",
        )


def local_login(arguments: Namespace) -> str | None:
    """The application's login on the checkout's own database, where that is meant."""
    local = local_database(CHECKOUT) if arguments.local else None
    return local.app_login if local is not None else None
