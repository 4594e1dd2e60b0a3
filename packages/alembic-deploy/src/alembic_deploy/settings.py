"""The settings in `[tool.alembic-deploy]`, and the default database: a variable's or the local one."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from alembic_deploy.errors import ConfigError, DatabaseError, DeployError, ServerError
from alembic_deploy.limits import LIMITS
from alembic_deploy.url import usable_url

if TYPE_CHECKING:
    from alembic.config import Config

    from local_postgres.database import LocalDatabase

TABLE = "[tool.alembic-deploy]"
WITHOUT_LOCAL = "ALEMBIC_DEPLOY_WITHOUT_LOCAL"
"""An environment variable: where it is set, the local database is not used. Proofs set it."""
EXPECTATIONS: Mapping[str, str] = {
    "app_login": "The application's login, which owns nothing. For `alembic-deploy doctor`; its "
    "--login wins.",
    "app_role": "The role that has the application's privileges. For `alembic-deploy doctor`.",
    "tenant_column": "The column of every table that belongs to tenants. For `alembic-deploy doctor`: "
    "such a table must have row-level security.",
}
"""What the doctor cannot read from a catalog."""
SETTINGS: Mapping[str, str] = {
    "url_env": "The environment variable with the URL of the database to migrate. It is set before "
    "the project is imported.",
    **{
        one.name: f"{one.meaning} Default: `{one.default_text}`. The command line's {one.flag} wins."
        for one in LIMITS
    },
    **EXPECTATIONS,
}
"""Every key and its meaning; the value of each is a string, or a number for a count."""
EXAMPLE = f"""\
{TABLE}
url_env = "SHOP_DATABASE_URL"
"""


def configured_directory(config: Config) -> Path | None:
    """Return the directory of alembic.ini, or of the pyproject.toml in its place; None without."""
    name = config.config_file_name or getattr(config, "toml_file_name", None)
    return None if name is None else Path(name).absolute().parent


def ini_directory(config: Config) -> Path:
    """Return the directory of alembic.ini, or of the pyproject.toml in its place.

    :raises ConfigError: Alembic was configured without a file.
    """
    directory = configured_directory(config)
    if directory is None:
        raise ConfigError("no database is named, and there is no alembic.ini to look beside")
    return directory


def read_url_env(directory: Path) -> str | None:
    """Return `url_env` of a directory's pyproject.toml; None without the file, table or key.

    :raises ConfigError: An unreadable file, an unknown key, or a value that is no variable's name.
    """
    name = read_deploy_table(directory).get("url_env")
    if name is not None and not (isinstance(name, str) and re.fullmatch(r"[^\s=]+", name)):
        raise ConfigError(
            f"url_env in {TABLE} is not the name of an environment variable",
            where=str(directory.resolve() / "pyproject.toml"),
            todo=f"write it like this:\n\n{EXAMPLE}",
        )
    return name


def read_deploy_table(directory: Path) -> Mapping[str, object]:
    """Return this package's table of a directory's pyproject.toml; empty without one.

    :raises ConfigError: An unreadable file, or an unknown key.
    """
    file = directory.resolve() / "pyproject.toml"
    former = read_tool_table(file, "alembic-proof")
    if isinstance(former, dict) and "url_env" in former:
        raise ConfigError(
            "url_env cannot be set in [tool.alembic-proof] any more",
            where=str(file),
            todo=f"move it to {TABLE}",
        )
    table = read_tool_table(file, "alembic-deploy") or {}
    if not isinstance(table, dict) or read_tool_table(file, "alembic_deploy") is not None:
        raise ConfigError(
            f"the table of this tool is {TABLE}", where=str(file), todo=f"write:\n\n{EXAMPLE}"
        )
    if unknown := sorted(table.keys() - SETTINGS.keys()):
        raise ConfigError(
            f"unknown key {unknown[0]!r} in {TABLE}",
            where=str(file),
            todo=f"the known keys are {', '.join(SETTINGS)}",
        )
    return table


def named_database_url(directory: Path, environ: Mapping[str, str]) -> str | None:
    """Return the URL in the variable that `url_env` names; None where it is blank or unset.

    :raises ConfigError: Settings, or a URL, that cannot be used.
    """
    variable = read_url_env(directory)
    url = environ.get(variable, "").strip() if variable else ""
    return usable_url(url, where=f"environment variable {variable}") if url else None


def local_database(directory: Path) -> LocalDatabase | None:
    """Return the local database that a directory's pyproject.toml describes; None without one.

    :raises ConfigError: Settings that cannot be used, or local-postgres is not installed.
    """
    file = directory.resolve() / "pyproject.toml"
    if read_tool_table(file, "local-postgres") is None:
        return None
    with errors_of_local_postgres(file):
        from local_postgres.settings import read_settings

        return read_settings(directory)


def local_database_url(
    directory: Path, environ: Mapping[str, str], *, start: bool = True
) -> str | None:
    """Return the URL of the local database, its server started; None where there is none.

    :param start: Start the server. Otherwise its database counts only while the server runs.
    :raises ConfigError: As `local_database`.
    :raises ServerError: The local server cannot be started.
    """
    local = local_database(directory)
    if local is None:
        return None
    if environ.get(WITHOUT_LOCAL):
        raise ConfigError(
            f"the local database is out of reach: {WITHOUT_LOCAL} is set, as in a proof",
            where=str(directory),
            todo="let a revision use op.get_bind(), or name another database",
        )
    with errors_of_local_postgres(directory / "pyproject.toml"):
        from local_postgres.database import ensure_local_database
        from local_postgres.server import status

        if not start and not any(one.running for one in status(local.server)):
            return None
        return ensure_local_database(local, environ)


def default_database_url(directory: Path) -> str:
    """Return the URL of the local database, its server started.

    :raises ConfigError: There is none; says how to name a database.
    :raises ServerError: The local server cannot be started.
    """
    url = local_database_url(directory, os.environ)
    if url is not None:
        return url
    variable = read_url_env(directory)
    how = f"set {variable}" if variable else "give run_env(url=…) a URL"
    raise ConfigError(
        "no database is named, and only a checkout has a default one",
        where=str(directory),
        todo=f"{how}: postgresql://user:password@host:5432/database",
    )


def read_tool_table(path: Path, name: str) -> object:
    """Return the value of `[tool.NAME]` in a pyproject.toml; None without the file or the table.

    :raises ConfigError: A file that cannot be read, or that is not TOML.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(
            f"cannot read the configuration: {error}", where=str(path), todo="correct the file"
        ) from error
    tool = document.get("tool", {})
    return tool.get(name) if isinstance(tool, dict) else None


@contextmanager
def errors_of_local_postgres(file: Path | None = None) -> Iterator[None]:
    """Raise the errors of local_postgres, or of its absence, as errors of this package.

    :param file: The settings file that describes the local database.
    """
    try:
        from local_postgres.errors import DatabaseError as LocalDatabaseError
        from local_postgres.errors import LocalPostgresError, SettingsError
    except ModuleNotFoundError as error:
        raise ConfigError(
            "the local database needs the package local-postgres, which is not installed",
            where=str(file or ""),
            todo="pip install local-postgres, or name another database",
        ) from error
    try:
        yield
    except LocalPostgresError as error:
        kind: type[DeployError] = ServerError
        if isinstance(error, SettingsError):
            kind = ConfigError
        elif isinstance(error, LocalDatabaseError):
            kind = DatabaseError
        raise kind(error.what, where=error.where, todo=error.todo) from error
