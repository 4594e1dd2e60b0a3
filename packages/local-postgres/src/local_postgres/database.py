"""The database that a checkout has by default, on a server of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local_postgres.client import Execute, quote_identifier
from local_postgres.roles import ensure_database, ensure_role
from local_postgres.server import LocalServer, start


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalDatabase:
    """A checkout's own database: `owner` migrates it, `app_login` (if any) owns nothing."""

    state: Path
    """The directory of the servers' data."""
    database: str
    owner: str
    app_login: str | None = None

    @property
    def server(self) -> LocalServer:
        """Return the server that keeps it."""
        return LocalServer(self.state, durable=True)


def ensure_local_database(local: LocalDatabase, environ: Mapping[str, str]) -> str:
    """Return the database's URL as its owner; start the server and create what is missing.

        local = LocalDatabase(state=Path(".postgres"), database="shop", owner="shop")
        url = ensure_local_database(local, os.environ)

    :raises SettingsError: An environment variable that cannot be used.
    :raises ServerError: The server cannot be fetched or started.
    """
    running = start(local.server, environ)
    with running.connect() as execute:
        _ensure(execute, local)
    return running.url(local.database, local.owner)


def reset_local_database(local: LocalDatabase, environ: Mapping[str, str]) -> str:
    """Drop the database, end the sessions in it, and create it again, empty; return its URL.

    :raises ServerError: The server cannot be fetched or started.
    """
    running = start(local.server, environ)
    with running.connect() as execute:
        execute(f"DROP DATABASE IF EXISTS {quote_identifier(local.database)} WITH (FORCE)")
        _ensure(execute, local)
    return running.url(local.database, local.owner)


def _ensure(execute: Execute, local: LocalDatabase) -> None:
    ensure_role(execute, local.owner, options="LOGIN CREATEDB CREATEROLE")
    if local.app_login is not None:
        ensure_role(execute, local.app_login)
    ensure_database(execute, local.database, owner=local.owner)
