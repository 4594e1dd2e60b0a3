"""A project's settings, one field for each key of `[tool.alembic-proof]`."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal

DEFAULT_WAIT_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """What a revision would declare in its own file, if that could still be edited."""

    revision: str
    kind: Literal["lossy", "irreversible"]
    reason: str


URL_PARTS = ("host", "port", "user", "password", "database")
"""What a database's URL can be taken apart into."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A project's settings; None where the project says nothing.

    The three `local_…` keys that describe the local database come together or not at all;
    `local_app_login` may stay away, and without it no application login is made.
    """

    directory: Path
    """Where the pyproject.toml lies; relative paths start here."""
    local_state: Path | None = None
    """Absolute directory of the local servers' data."""
    local_database: str | None = None
    local_owner: str | None = None
    local_app_login: str | None = None
    url_env: str | None = None
    """Name of the environment variable that holds the URL of the database to migrate."""
    url_x_arg: str | None = None
    """Name of the `-x NAME=URL` by which env.py is given that URL."""
    url_ini_key: str | None = None
    """Option of alembic.ini that env.py reads that URL from."""
    url_parts_env: tuple[tuple[str, str], ...] = ()
    """(part, environment variable) for env.py files that put the URL together; parts are `URL_PARTS`."""
    url_parts_ini: tuple[tuple[str, str], ...] = ()
    """(part, option of alembic.ini), likewise."""
    url_tcp: bool | None = None
    """Whether the local scratch server is reached by TCP; None for where the parts ask for a host."""
    driver: str | None = None
    """The driver that the URL given to env.py names."""
    flask_app: str | None = None
    """`package:create_app`, whose application context env.py runs in."""
    server_url: str | None = None
    """URL of the server for scratch databases."""
    scratch_url_env: str | None = None
    """Name of the environment variable that holds that URL; it wins."""
    roles: tuple[str, ...] = ()
    """Roles that must be there before the first revision."""
    start_revision: str | None = None
    """The revision that a scratch database is at when it has run `start_sql`."""
    start_sql: tuple[Path, ...] = ()
    """Absolute paths of the SQL files that each scratch database begins with."""
    exceptions: tuple[Declaration, ...] = ()
    skip: tuple[tuple[str, str], ...] = ()
    """(revision, why): applied, not proved."""
    ignore: tuple[str, ...] = ()
    """`kind:pattern` of the catalog's changes that are not told."""
    column_order: bool = False
    """Whether another order of a table's columns is noted."""
    rows: str | None = None
    """`module:function` that supplies tables' rows."""
    leave_out: tuple[str, ...] = ()
    """Tables that get no rows."""
    wait_timeout_s: float = DEFAULT_WAIT_TIMEOUT_S
    """How long a step may wait for a lock that another connection of its process holds."""
    frozen_from: tuple[str, ...] = ("alembic_proof",)
    """Packages that revisions must not import."""
    offline_sql: bool | None = None
    """Whether the script of `--sql` is proved; None where it is only linted, False for neither."""

    @property
    def is_tcp(self) -> bool:
        """Return whether the local scratch server listens on TCP, as a URL's host part needs it."""
        if self.url_tcp is not None:
            return self.url_tcp
        return any(part == "host" for part, _ in (*self.url_parts_env, *self.url_parts_ini))

    @property
    def file(self) -> Path:
        """Where the settings are written."""
        return self.directory / "pyproject.toml"


KNOWN_KEYS = tuple(field.name for field in fields(Config) if field.name != "directory")
