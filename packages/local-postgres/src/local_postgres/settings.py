"""Read the table `[tool.local-postgres]` of a pyproject.toml: a checkout's own local database."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path

from local_postgres.database import LocalDatabase
from local_postgres.errors import SettingsError
from local_postgres.own_files import own_path

TABLE = "[tool.local-postgres]"
SETTINGS: Mapping[str, str] = {
    "data": "The directory of the local servers' data, relative to the pyproject.toml.",
    "database": "The developer's own database.",
    "owner": "The role that owns it and may create databases and roles; no superuser.",
    "app_login": "A login for the application, which owns nothing; optional.",
}
"""Every key and its meaning; the value of each is a string."""
EXAMPLE = f"""\
{TABLE}
data = ".postgres"
database = "shop"
owner = "shop"
app_login = "shop_app"
"""
_OPTIONAL = frozenset({"app_login"})


def find_settings(directory: Path) -> LocalDatabase | None:
    """Return the local database of the nearest pyproject.toml that has the table; None without one.

    The search goes up from `directory` and ends at the root of the git repository, or below the
    home directory.

    :raises SettingsError: As for `read_settings`, or there is no such directory.
    """
    start = directory.resolve()
    if not start.is_dir():
        raise SettingsError(
            "there is no such directory", where=str(directory), todo="name an existing one"
        )
    for place in (start, *start.parents):
        if place == Path.home():
            return None
        local = read_settings(place)
        if local is not None or (place / ".git").exists():
            return local
    return None


def read_settings(directory: Path) -> LocalDatabase | None:
    """Return the local database of a directory's pyproject.toml; None without the file or the table.

    :raises SettingsError: An unreadable file, an unknown or missing key, or a value that is no string.
    """
    file = directory.resolve() / "pyproject.toml"
    table = _read_table(file)
    if table is None:
        return None
    _refuse_unknown_keys(table, file)
    values = {key: _text(value, key=key, file=file) for key, value in table.items()}
    if missing := [key for key in SETTINGS if key not in values and key not in _OPTIONAL]:
        raise SettingsError(
            f"{TABLE} has no {' and no '.join(missing)}",
            where=str(file),
            todo=f"set {', '.join(key for key in SETTINGS if key not in _OPTIONAL)}",
        )
    return LocalDatabase(
        state=_directory(values["data"], file=file),
        database=values["database"],
        owner=values["owner"],
        app_login=values.get("app_login"),
    )


def _read_table(file: Path) -> dict[str, object] | None:
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(
            f"cannot read the configuration: {error}", where=str(file), todo="correct the file"
        ) from error
    tool = document.get("tool", {})
    if isinstance(tool, dict) and "local_postgres" in tool:
        raise SettingsError(
            "[tool.local_postgres] is the table of no tool", where=str(file), todo=f"write {TABLE}"
        )
    table = tool.get("local-postgres") if isinstance(tool, dict) else None
    if table is not None and not isinstance(table, dict):
        raise SettingsError(
            "tool.local-postgres is not a table",
            where=str(file),
            todo=f"write `{TABLE}`, and each key on a line below it",
        )
    return table


def _refuse_unknown_keys(table: Mapping[str, object], file: Path) -> None:
    for key in table:
        if key not in SETTINGS:
            near = get_close_matches(key, SETTINGS, n=1)
            known = f"the known keys are {', '.join(SETTINGS)}"
            raise SettingsError(
                f"unknown key {key!r} in {TABLE}",
                where=str(file),
                todo=f"did you mean {near[0]!r}? {known}" if near else known,
            )


def _directory(data: str, *, file: Path) -> Path:
    """Return the directory of the data; a relative path starts at the file's directory."""
    try:
        return own_path(file.parent / Path(data).expanduser())
    except RuntimeError as error:
        raise SettingsError(
            f"data in {TABLE}: {error}", where=str(file), todo="name an existing user's directory"
        ) from error


def _text(value: object, *, key: str, file: Path) -> str:
    if isinstance(value, str) and value.strip() and value.isprintable():
        return value
    raise SettingsError(
        f"{key} in {TABLE} is not a non-empty string of printable characters",
        where=str(file),
        todo=f'write it like this: {key} = "…"',
    )
