"""Boards' settings: environment variables, read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from alembic_deploy.errors import ConfigError

DATABASE_URL = "BOARDS_DATABASE_URL"
APP_DATABASE_URL = "BOARDS_APP_DATABASE_URL"

APP_ROLE = "boards_app"
"""The role that has the application's privileges. No variable changes it: revisions contain the name."""

_URL_SCHEMES = ("postgres", "postgresql", "postgresql+asyncpg")


@dataclass(frozen=True, slots=True)
class Settings:
    """Boards' settings; the repr leaves out the URLs, because they contain passwords."""

    database_url: str | None = field(default=None, repr=False)
    """Logs in as the role that owns the tables and migrates them."""
    app_database_url: str | None = field(default=None, repr=False)
    """Logs in as a member of `boards_app` that owns nothing, for tenant sessions."""


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Read the settings; a blank variable counts as unset.

    :raises ConfigError: A variable that cannot be used; names it, and never repeats a URL.
    """
    return Settings(
        database_url=_url(environ, DATABASE_URL),
        app_database_url=_url(environ, APP_DATABASE_URL),
    )


def _text(environ: Mapping[str, str], name: str) -> str | None:
    """Return the stripped value; None where there is only white space."""
    return environ.get(name, "").strip() or None


def _url(environ: Mapping[str, str], name: str) -> str | None:
    """Return the URL; only its scheme is checked here, the rest where it is opened."""
    url = _text(environ, name)
    if url is not None and url.partition("://")[0] not in _URL_SCHEMES:
        raise ConfigError(
            f"{name} is not the URL of a PostgreSQL database.",
            where=f"environment variable {name}",
            todo="write postgresql://user:password@host:5432/database",
        )
    return url
