"""The database that a checkout has by default, on a server of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy

from alembic_proof.postgres._roles import ensure_database, ensure_role
from alembic_proof.postgres.connect import run_on
from alembic_proof.postgres.server import LocalServer, start


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalDatabase:
    """A checkout's own database: `owner` migrates it, `app_login` (if any) owns nothing."""

    state: Path
    database: str
    owner: str
    app_login: str | None = None

    @property
    def server(self) -> LocalServer:
        """The server that keeps it."""
        return LocalServer(self.state, durable=True)


def ensure_local_database(local: LocalDatabase, environ: Mapping[str, str]) -> str:
    """The URL of the database as its owner; server, roles and database are made on demand.

    Raises:
        ConfigError: a variable names what cannot be used.
        ServerError: the server cannot be had or started.
    """
    running = start(local.server, environ)

    def ensure(connection: sqlalchemy.Connection) -> None:
        ensure_role(connection, local.owner, options="LOGIN CREATEDB CREATEROLE")
        if local.app_login is not None:
            ensure_role(connection, local.app_login)
        ensure_database(connection, local.database, owner=local.owner)

    run_on(running.url("postgres"), ensure, autocommit=True)
    return running.url(local.database, local.owner)
