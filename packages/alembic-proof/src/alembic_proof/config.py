"""What `[tool.alembic-proof]` of a project's pyproject.toml says, as one frozen value."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from difflib import get_close_matches
from pathlib import Path

from alembic_proof.errors import ConfigError

_TABLE = "[tool.alembic-proof]"
_LOCAL_KEYS = ("local_state", "local_database", "local_owner")


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
    scratch_url_env: str | None = None
    """Name of the environment variable that holds the URL of a server for scratch databases."""
    frozen_from: tuple[str, ...] = ("alembic_proof",)
    """Packages that revisions must not import."""


KNOWN_KEYS = tuple(field.name for field in fields(Config) if field.name != "directory")


def read_config(directory: Path) -> Config | None:
    """The settings in `directory`'s pyproject.toml; None without the file or its table.

    Raises:
        ConfigError: unreadable file, unknown key, or a value of the wrong type.
    """
    path = directory.resolve() / "pyproject.toml"
    table = _table_of(path)
    if table is None:
        return None
    _refuse_unknown_keys(table, path=path)
    _refuse_half_a_database(table, path=path)
    return _config_of(table, path=path)


def _table_of(path: Path) -> dict[str, object] | None:
    """The raw table, None where there is none."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"cannot read the configuration: {error}", where=str(path)) from error
    tool = document.get("tool", {})
    table = tool.get("alembic-proof") if isinstance(tool, dict) else None
    if table is not None and not isinstance(table, dict):
        raise ConfigError(f"{_TABLE} is not a table", where=str(path))
    return table


def _refuse_unknown_keys(table: dict[str, object], *, path: Path) -> None:
    for key in table:
        if key in KNOWN_KEYS:
            continue
        near = get_close_matches(key, KNOWN_KEYS, n=1)
        known = f"the known keys are {', '.join(KNOWN_KEYS)}"
        raise ConfigError(
            f"unknown key {key!r} in {_TABLE}",
            where=str(path),
            todo=f"did you mean {near[0]!r}? {known}" if near else known,
        )


def _refuse_half_a_database(table: dict[str, object], *, path: Path) -> None:
    missing = [key for key in _LOCAL_KEYS if key not in table]
    if 0 < len(missing) < len(_LOCAL_KEYS):
        raise ConfigError(
            f"{_TABLE} describes half a local database: {', '.join(missing)} is missing",
            where=str(path),
            todo=f"set {', '.join(_LOCAL_KEYS)}, or none of them",
        )


def _config_of(table: dict[str, object], *, path: Path) -> Config:
    def text(key: str) -> str | None:
        return _text(table[key], key=key, path=path) if key in table else None

    state = text("local_state")
    packages = table.get("frozen_from", ["alembic_proof"])
    if not isinstance(packages, list):
        raise _wrong_type("frozen_from", expected="a list of package names", path=path)
    return Config(
        directory=path.parent,
        local_state=(path.parent / Path(state).expanduser()).resolve() if state else None,
        local_database=text("local_database"),
        local_owner=text("local_owner"),
        local_app_login=text("local_app_login"),
        url_env=text("url_env"),
        scratch_url_env=text("scratch_url_env"),
        frozen_from=tuple(_text(name, key="frozen_from", path=path) for name in packages),
    )


def _text(value: object, *, key: str, path: Path) -> str:
    if isinstance(value, str) and value.strip():
        return value
    raise _wrong_type(key, expected="a non-empty string", path=path)


def _wrong_type(key: str, *, expected: str, path: Path) -> ConfigError:
    return ConfigError(f"{key} in {_TABLE} is not {expected}", where=str(path))
