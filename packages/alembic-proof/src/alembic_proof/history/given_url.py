"""The URL that a project's own env.py is given: in its words, with its driver."""

from __future__ import annotations

import os
from collections.abc import Iterator
from configparser import InterpolationError
from dataclasses import replace
from pathlib import Path

from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from alembic_proof.errors import ConfigError
from alembic_proof.history.located import env_py
from alembic_proof.history.project import AlembicProject, UrlRoute
from alembic_proof.postgres.connect import is_usable_driver
from alembic_proof.postgres.url import DatabaseUrl

_ASYNCHRONOUS = ("asyncpg", "psycopg")
_OF_ASYNCHRONOUS = ("async", "alembic_proof.env")
"""What the text of an env.py holds that connects asynchronously: run_env() does so as well."""
DRIVERS_OF_ENV = ("psycopg2", "psycopg", "pg8000", "asyncpg")
"""What an env.py may connect with; one that does so synchronously, in this order."""


def url_for_env(project: AlembicProject, config: Config, *, url: str) -> str:
    """`url` in SQLAlchemy's form, with the driver that the project uses.

    That is the one that its settings name, else the one of its own URL (of the environment
    variable or of the ini file), else an installed one that suits its env.py.
    """
    scheme = _scheme(project.route, config)
    target = DatabaseUrl.parse(url)
    if scheme.endswith("+pg8000") and target.is_socket:
        directory, port = target.hosts[0]
        plain = replace(target, hosts=()).sqlalchemy_url.partition(":")[2]
        return f"{scheme}:{plain}?unix_sock={directory}/.s.PGSQL.{port or 5432}"
    return f"{scheme}:{target.sqlalchemy_url.partition(':')[2]}"


def url_parts(url: str) -> dict[str, str]:
    """Return the URL's parts, each as text: host, port, user, password and database.

    A part that the URL does not have is empty, but for the port, which is PostgreSQL's own then.
    """
    target = DatabaseUrl.parse(url)
    host, port = target.hosts[0] if target.hosts else ("", None)
    return {
        "host": host,
        "port": str(port or 5432),
        "user": target.user or "",
        "password": target.password or "",
        "database": target.database or "",
    }


def _scheme(route: UrlRoute, config: Config) -> str:
    """`postgresql+driver`, or `postgresql` where the project's own URL says no more."""
    if route.driver is not None:
        _refuse_unknown(route.driver, settings=route.settings)
        return f"postgresql+{route.driver}"
    for named in _own_schemes(route, config):
        if named.partition("+")[0] == "postgresql":
            return named
    drivers = _ASYNCHRONOUS if _is_asynchronous(config) else DRIVERS_OF_ENV
    return f"postgresql+{next(filter(is_usable_driver, drivers), drivers[0])}"


def _refuse_unknown(driver: str, *, settings: Path | None) -> None:
    """Ensures that SQLAlchemy knows the driver that the settings name."""
    try:
        make_url(f"postgresql+{driver}://").get_dialect()
    except ArgumentError as error:
        raise ConfigError(
            f"driver = {driver!r} in [tool.alembic-proof] is none of SQLAlchemy's for PostgreSQL",
            where=str(settings or ""),
            todo=f"write {', '.join(DRIVERS_OF_ENV)} or another one that it knows",
        ) from error


def _own_schemes(route: UrlRoute, config: Config) -> Iterator[str]:
    """The schemes of the URLs that the project has without us."""
    if route.variable is not None:
        yield os.environ.get(route.variable, "").partition(":")[0]
    try:
        yield (config.get_main_option(route.ini_key) or "").partition(":")[0]
    except (CommandError, InterpolationError):
        return  # no section, or a value that env.py completes


def _is_asynchronous(config: Config) -> bool:
    """Whether env.py's text says that it connects asynchronously."""
    path = env_py(config)
    try:
        text = path.read_text(encoding="utf-8", errors="replace") if path else ""
    except OSError:
        return False
    return any(word in text for word in _OF_ASYNCHRONOUS)
