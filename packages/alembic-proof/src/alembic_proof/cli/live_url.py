"""Which live database a command is about."""

from __future__ import annotations

from collections.abc import Mapping

from alembic_proof.env.local import developer_database_url
from alembic_proof.errors import ConfigError
from alembic_proof.postgres.url import usable_url
from alembic_proof.project import Project


def find_live_url(
    project: Project, environ: Mapping[str, str], *, url: str | None, variable: str | None
) -> str:
    """The URL that is named, else that of the settings' variable, else the local database's.

    Raises:
        ConfigError: none is named, what is named is no URL, or the variable that is named is not set.
        ServerError: the local server cannot be started.
    """
    if url is not None:
        return usable_url(url, where="--url")
    if variable is not None:
        return usable_url(_named(environ, variable), where=f"environment variable {variable}")
    usual = project.config.url_env
    found = developer_database_url(project.config, environ)
    if not found:
        named = f", or set {usual}" if usual else ""
        raise ConfigError("no live database is named", todo=f"pass --url or --url-env{named}")
    return found


def _named(environ: Mapping[str, str], variable: str) -> str:
    found = environ.get(variable, "").strip()
    if not found:
        raise ConfigError(
            f"the environment variable {variable} is not set", todo="set it to the database's URL"
        )
    return found
