"""Drops the local database and makes it anew."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import sqlalchemy

from alembic_proof.errors import ConfigError
from alembic_proof.postgres.connect import run_on
from alembic_proof.postgres.local import LocalDatabase, ensure_local_database
from alembic_proof.postgres.server import start


def reset_database(local: LocalDatabase, environ: Mapping[str, str], *, is_sure: bool) -> str:
    """The URL of the local database, now empty; whoever was connected is not any more.

    Raises:
        ConfigError: nobody confirmed it.
        ServerError: the local server cannot be started.
    """
    if not is_sure:
        _ask(local)
    running = start(local.server, environ)

    def drop(connection: sqlalchemy.Connection) -> None:
        name = connection.dialect.identifier_preparer.quote_identifier(local.database)
        connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    run_on(running.url("postgres"), drop, autocommit=True)
    return ensure_local_database(local, environ)


def _ask(local: LocalDatabase) -> None:
    """Let the user type the database's name."""
    todo = "pass --yes to go on without a question"
    if not sys.stdin.isatty():
        raise ConfigError(f"reset drops the local database {local.database}", todo=todo)
    place = f"the local database {local.database} ({local.state})"
    answer = input(f"This drops {place} with all it holds.\nType its name to go on: ")
    if answer.strip() != local.database:
        raise ConfigError(f"{local.database} is left as it is", todo=todo)
