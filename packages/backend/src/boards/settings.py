"""What the environment says, read once and frozen."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from alembic_proof.errors import ConfigError

DATABASE_URL = "BOARDS_DATABASE_URL"
APP_DATABASE_URL = "BOARDS_APP_DATABASE_URL"
LOCK_TIMEOUT = "BOARDS_LOCK_TIMEOUT"

_URL_SCHEMES = ("postgres", "postgresql", "postgresql+asyncpg")
_DURATION = re.compile(r"([0-9]{1,9})\s*(ms|s|min|h|d)?")
_UNIT_MS = {None: 1, "ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}
_LONGEST_MS = 2_147_483_647


@dataclass(frozen=True, slots=True)
class Settings:
    """Boards' settings; the repr leaves the URLs out, because they hold passwords.

    `database_url` logs in as the role that owns the tables and migrates them.
    `app_database_url` logs in as a member of `boards_app` that owns nothing: tenant sessions.
    `lock_timeout` is how long a migration waits for a lock, in PostgreSQL's own notation.
    """

    database_url: str | None = field(default=None, repr=False)
    app_database_url: str | None = field(default=None, repr=False)
    lock_timeout: str = "5s"


def read_settings(environ: Mapping[str, str]) -> Settings:
    """The settings that `environ` holds; a blank variable counts as unset.

    Raises:
        ConfigError: a variable holds what it must not; names it, and never repeats an URL.

    """
    return Settings(
        database_url=_url(environ, DATABASE_URL),
        app_database_url=_url(environ, APP_DATABASE_URL),
        lock_timeout=_duration(environ, LOCK_TIMEOUT, default="5s"),
    )


def _text(environ: Mapping[str, str], name: str) -> str | None:
    """The stripped value, or None where there is nothing but white space."""
    return environ.get(name, "").strip() or None


def _url(environ: Mapping[str, str], name: str) -> str | None:
    """The URL; only its scheme is judged here, the rest where it is opened."""
    url = _text(environ, name)
    if url is not None and url.partition("://")[0] not in _URL_SCHEMES:
        raise ConfigError(
            f"{name} is not the URL of a PostgreSQL database.",
            where=f"environment variable {name}",
            todo="write postgresql://user:password@host:5432/database",
        )
    return url


def _duration(environ: Mapping[str, str], name: str, *, default: str) -> str:
    """A duration as PostgreSQL writes it; without a unit it counts milliseconds, 0 is for ever.

    Source: https://www.postgresql.org/docs/current/config-setting.html#CONFIG-SETTING-NAMES-VALUES
    """
    text = _text(environ, name) or default
    found = _DURATION.fullmatch(text)
    if found is None or int(found[1]) * _UNIT_MS[found[2]] > _LONGEST_MS:
        raise ConfigError(
            f"{name} is not a duration: {text!r}.",
            where=f"environment variable {name}",
            todo="write a number with a unit, 24 days at most: 500ms, 5s, 1min (0 waits for ever)",
        )
    return text
