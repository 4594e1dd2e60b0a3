"""Read the settings of a project: the table `[tool.alembic-proof]` of its pyproject.toml.

The fields of :class:`Settings` are their only definition. The type, the default, the meaning and the
example of a field check a value, explain an error, and make docs/reference/settings.md.
"""

from __future__ import annotations

import json
import re
from argparse import ArgumentTypeError
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from alembic_deploy.errors import ConfigError
from alembic_deploy.settings import read_tool_table, read_url_env

TABLE = "[tool.alembic-proof]"
MOST_ROWS = 100
"""The most rows that `--rows` takes for each table."""
DEFAULT_WAIT_TIMEOUT_S = 30.0
OLDEST_MAJOR = 15
"""The oldest PostgreSQL whose catalog is read."""
OWN_PACKAGES = ("alembic_deploy", "alembic_proof", "local_postgres")
URL_PARTS = ("host", "port", "user", "password", "database")
"""The parts of a database URL that `url_parts_env` and `url_parts_ini` can name."""

_MOVED = {
    "url_env": "url_env in [tool.alembic-deploy]",
    "local_state": "data in [tool.local-postgres]",
    "local_database": "database in [tool.local-postgres]",
    "local_owner": "owner in [tool.local-postgres]",
    "local_app_login": "app_login in [tool.local-postgres]",
}
"""Keys that were here once, and where each is now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """A declaration of a merged revision that is made in the settings, not in its file."""

    revision: str
    kind: Literal["lossy", "irreversible"]
    reason: str


@dataclass(frozen=True, slots=True)
class _Value:
    """A value as TOML has it; `key` is its path below the table, for messages."""

    key: str
    value: object
    file: Path
    example: str

    def item(self, key: str, value: object) -> _Value:
        """Return an element of this list or table."""
        return _Value(f"{self.key}{key}", value, self.file, self.example)

    def error(self, expected: str) -> ConfigError:
        """Return the error for a value that is not what is expected."""
        return ConfigError(
            f"{self.key} in {TABLE} is not {expected}",
            where=str(self.file),
            todo=f"write it like this: {self.example}",
        )

    def string(self) -> str:
        if isinstance(self.value, str) and self.value.strip():
            return self.value
        raise self.error("a non-empty string")

    def variable(self) -> str:
        name = self.string()
        if re.fullmatch(r"[^\s=]+", name) is None:
            raise self.error("the name of an environment variable")
        return name

    def strings(self) -> tuple[str, ...]:
        if not isinstance(self.value, list):
            raise self.error("a list of strings")
        items = enumerate(self.value)
        return tuple(self.item(f"[{at}]", value).string() for at, value in items)

    def boolean(self) -> bool:
        if isinstance(self.value, bool):
            return self.value
        raise self.error("true or false")

    def seconds(self) -> float:
        value = self.value
        if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
            raise self.error("a number of seconds above 0")
        return float(value)

    def major(self) -> int:
        value = self.value
        if isinstance(value, bool) or not isinstance(value, int) or value < OLDEST_MAJOR:
            raise self.error(f"a major version of PostgreSQL from {OLDEST_MAJOR}")
        return value

    def path(self) -> Path:
        return (self.file.parent / Path(self.string()).expanduser()).resolve()

    def paths(self) -> tuple[Path, ...]:
        paths = self.value if isinstance(self.value, list) else [self.value]
        return tuple(self.item("", path).path() for path in paths)

    def url_parts(self) -> tuple[tuple[str, str], ...]:
        if not isinstance(self.value, dict) or not self.value.keys() <= set(URL_PARTS):
            raise self.error(f"a table of {', '.join(URL_PARTS)} and their names")
        return tuple((part, name.string()) for part, name in self._items(self.value))

    def reasons(self) -> tuple[tuple[str, str], ...]:
        return tuple((revision, reason.string()) for revision, reason in self._revisions())

    def declarations(self) -> tuple[Declaration, ...]:
        found: list[Declaration] = []
        for revision, declared in self._revisions():
            if not isinstance(declared.value, dict) or not declared.value:
                raise declared.error('{ lossy = "why" } or { irreversible = "why" }')
            for kind, reason in declared._items(declared.value):
                found.append(
                    Declaration(
                        revision=revision, kind=self._kind(kind, revision), reason=reason.string()
                    )
                )
        return tuple(found)

    def _kind(self, kind: str, revision: str) -> Literal["lossy", "irreversible"]:
        match kind:
            case "lossy" | "irreversible":
                return kind
        raise ConfigError(
            f"unknown exception {kind!r} of {revision} in {TABLE}",
            where=str(self.file),
            todo="write lossy or irreversible",
        )

    def _revisions(self) -> list[tuple[str, _Value]]:
        if not isinstance(self.value, dict):
            raise self.error("a table of revisions")
        return self._items(self.value)

    def _items(self, table: Mapping[str, object]) -> list[tuple[str, _Value]]:
        return [(key, self.item(f".{key}", value)) for key, value in table.items()]


_READERS: Mapping[str, Callable[[_Value], object]] = {
    "string": _Value.string,
    "environment variable": _Value.variable,
    "list of strings": _Value.strings,
    "true or false": _Value.boolean,
    "number": _Value.seconds,
    "major version": _Value.major,
    "path": _Value.path,
    "path, or list of paths": _Value.paths,
    "table: part of a URL = name": _Value.url_parts,
    "table: revision = reason": _Value.reasons,
    "table: revision = declarations": _Value.declarations,
}
"""The types of settings as the documentation names them, and how each is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """The documentation of one setting."""

    type: str
    """A key of the table of types above."""
    meaning: str
    example: str
    """TOML below the table's header, with the keys that the setting needs."""
    default: str
    """The default as Markdown: TOML, or words if it depends on something else."""


def _setting(
    type_: str, meaning: str, *, example: str, default: Any = None, shown_default: str = ""
) -> Any:
    """Define a field of :class:`Settings`.

    :param shown_default: the default as the documentation shows it, where None stands for more
        than "not set".
    """
    about = Setting(
        type=type_, meaning=meaning, example=example, default=shown_default or _shown(default)
    )
    return field(default=default, metadata={"setting": about})


def _shown(default: Any) -> str:
    """Return a default as TOML in backquotes, or "not set"."""
    if default is None or default == ():
        return "not set"
    return f"`{json.dumps(default)}`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of a project, with the defaults where it sets nothing.

    Paths are absolute: a relative one in the file starts at the file's directory. Tables are tuples
    of pairs, in the order of the file.
    """

    directory: Path
    """The directory of the pyproject.toml; of Alembic's file where there is no such table."""
    url_env: str | None = None
    """The variable in which env.py finds its URL: `url_env` of [tool.alembic-deploy]."""
    url_x_arg: str | None = _setting(
        "string",
        "The name of the `-x NAME=URL` argument in which env.py finds the URL of the database.",
        example='url_x_arg = "database"',
    )
    url_ini_key: str = _setting(
        "string",
        "The option of alembic.ini in which env.py finds the URL of the database.",
        example='url_ini_key = "shop.url"',
        default="sqlalchemy.url",
    )
    url_parts_env: tuple[tuple[str, str], ...] = _setting(
        "table: part of a URL = name",
        "The variables from which env.py composes that URL. The parts are "
        + ", ".join(f"`{part}`" for part in URL_PARTS)
        + ".",
        example='url_parts_env = { host = "DB_HOST", database = "DB_NAME" }',
        default=(),
    )
    url_parts_ini: tuple[tuple[str, str], ...] = _setting(
        "table: part of a URL = name",
        "The options of alembic.ini from which env.py composes that URL, by the same parts.",
        example='url_parts_ini = { host = "db.host", database = "db.name" }',
        default=(),
    )
    url_tcp: bool | None = _setting(
        "true or false",
        "The local scratch server listens on 127.0.0.1 and asks for a password, for an env.py that "
        "takes the URL apart. Not allowed beside `server_url`.",
        example="url_tcp = true",
        shown_default="`true` if `host` is one of the parts above, otherwise `false`",
    )
    driver: str | None = _setting(
        "string",
        "The driver in the URL that env.py is given.",
        example='driver = "psycopg2"',
        shown_default="the driver of the project's own URL, else an installed one",
    )
    flask_app: str | None = _setting(
        "string",
        "`package:attribute` of a Flask application, or of a function that makes one. env.py runs in "
        "its application context, as under Flask-Migrate.",
        example='flask_app = "shop:create_app"',
    )
    server_url: str | None = _setting(
        "string",
        "The URL of the server for scratch databases.",
        example='server_url = "postgresql://prover@localhost/postgres"',
        shown_default="a local server, which is started",
    )
    scratch_url_env: str | None = _setting(
        "environment variable",
        "A variable with the URL of that server. If the variable is set, it takes precedence over "
        "`server_url`.",
        example='scratch_url_env = "SHOP_SCRATCH_URL"',
    )
    roles: tuple[str, ...] = _setting(
        "list of strings",
        "Roles that are created before the first revision and kept.",
        example='roles = ["shop_reader", "shop_writer"]',
        default=(),
    )
    start_sql: tuple[Path, ...] = _setting(
        "path, or list of paths",
        "SQL files that are run in each scratch database before the first revision.",
        example='start_sql = ["schema.sql"]',
        default=(),
    )
    start_revision: str | None = _setting(
        "string",
        "The revision that a database has after `start_sql`. It and the revisions below it are not "
        "proved.",
        example='start_sql = "schema.sql"\nstart_revision = "1f2e3d4c5b6a"',
    )
    exceptions: tuple[Declaration, ...] = _setting(
        "table: revision = declarations",
        "The declarations `lossy` and `irreversible` of merged revisions, whose files stay unedited.",
        example='exceptions = { 1f2e3d4c5b6a = { lossy = "users.legacy_id: the old ids are gone" } }',
        default=(),
    )
    skip: tuple[tuple[str, str], ...] = _setting(
        "table: revision = reason",
        "Revisions that are applied and not proved.",
        example='skip = { 3b4c5d6e7f8a = "needs the search cluster" }',
        default=(),
    )
    ignore: tuple[str, ...] = _setting(
        "list of strings",
        "`kind:name` of catalog objects that are not compared. Both are patterns.",
        example='ignore = ["trigger:audit.*", "*:*.spatial_ref_sys"]',
        default=(),
    )
    column_order: bool = _setting(
        "true or false",
        "Report a different order of a table's columns as a note.",
        example="column_order = true",
        default=False,
    )
    rows: str | None = _setting(
        "string",
        "`package.module:function` that is called without arguments and returns rows for the "
        "project's tables: `{table: [row]}`.",
        example='rows = "shop.proof:rows"',
    )
    without_rows: tuple[str, ...] = _setting(
        "list of strings",
        "Tables that get no rows: `schema.table`, or `table` in the schema public.",
        example='without_rows = ["archive.letters"]',
        default=(),
    )
    leave_out: tuple[str, ...] = _setting(
        "list of strings",
        "`kind:name` of objects that another tool owns: with their parts they are neither compared nor "
        "changed by a revision. Both are patterns.",
        example='leave_out = ["table:public.spatial_ref_sys", "*:jobs.*"]',
        default=(),
    )
    drop_undeclared: tuple[str, ...] = _setting(
        "list of strings",
        "Patterns of kinds that the history may not have if the models do not declare a single object "
        "of the kind. Without this, a project whose models declare no trigger keeps the history's "
        "triggers. `grant`, `owner`, `comment` and `partition` are "
        "kinds here, too.",
        example='drop_undeclared = ["trigger", "*view"]',
        default=(),
    )
    fill_settings: tuple[str, ...] = _setting(
        "list of strings",
        "Settings, `name = value` each, that a revision of `revision` makes while it changes existing "
        "rows, such as one that keeps a trigger from changing `updated_at`.",
        example="fill_settings = [\"app.keep_updated_at = 'on'\"]",
        default=(),
    )
    wait_timeout_s: float = _setting(
        "number",
        "Seconds that a statement of a revision may wait for a lock of an idle connection of the same "
        "process. Then it is cancelled and reported as `waits-for-itself`. What the proof itself reads "
        "and writes between two steps waits no longer either: a table that env.py keeps locked in "
        "another transaction ends the proof with an error.",
        example="wait_timeout_s = 10",
        default=DEFAULT_WAIT_TIMEOUT_S,
    )
    oldest_postgres: int = _setting(
        "major version",
        "The oldest PostgreSQL that runs the revisions. From 18 on, `revision` writes NOT NULL on a "
        "column with rows as `NOT NULL … NOT VALID` and VALIDATE, without a check.",
        example="oldest_postgres = 18",
        default=OLDEST_MAJOR,
    )
    frozen_from: tuple[str, ...] = _setting(
        "list of strings",
        "Packages that revisions must not import (lint rule `imports-project`). Your list replaces "
        "the default. Modules beside alembic.ini are a warning without being listed.",
        example='frozen_from = ["shop", "alembic_proof"]',
        default=OWN_PACKAGES,
    )
    offline_sql: bool | None = _setting(
        "true or false",
        "`true`: the round trip also proves the scripts of `--sql`. `false`: nobody writes such "
        "scripts, and the lint rule `breaks-offline-sql` is off.",
        example="offline_sql = true",
        shown_default="the lint rule, and no proof",
    )

    @property
    def is_tcp(self) -> bool:
        """Return whether the local scratch server listens on TCP: a URL's host names no socket."""
        if self.url_tcp is not None:
            return self.url_tcp
        return any(part == "host" for part, _ in (*self.url_parts_env, *self.url_parts_ini))

    @property
    def file(self) -> Path:
        """Return the path of the pyproject.toml."""
        return self.directory / "pyproject.toml"


SETTINGS: Mapping[str, Setting] = {
    one.name: one.metadata["setting"] for one in fields(Settings) if "setting" in one.metadata
}
"""Every setting by its key, in the order of the documentation."""


def read_settings(directory: Path) -> Settings | None:
    """Return the settings in a directory's pyproject.toml; None without the file or a table.

    `url_env` is read from the table of alembic-deploy in the same file.

    :raises ConfigError: An unreadable file, an unknown key, or a value that cannot be used.
    """
    path = directory.resolve() / "pyproject.toml"
    table = _read_table(path)
    _refuse_unknown_keys(table or {}, path=path)
    if table is None:
        return None
    url_env = read_url_env(directory)
    _refuse_half_a_setting(table, path=path)
    values = {
        key: _READERS[SETTINGS[key].type](_Value(key, value, path, SETTINGS[key].example))
        for key, value in table.items()
    }
    return Settings(directory=path.parent, url_env=url_env, **values)  # type: ignore[arg-type]


def row_count(text: str) -> int:
    """Return the value of `--rows`: how many rows each table gets.

    :raises ArgumentTypeError: The text is no number, or more than `MOST_ROWS`.
    """
    if text.isdecimal() and int(text) <= MOST_ROWS:
        return int(text)
    raise ArgumentTypeError(f"{text!r} is not a number from 0 to {MOST_ROWS}")


def _read_table(path: Path) -> dict[str, object] | None:
    if read_tool_table(path, "alembic_proof") is not None:
        raise ConfigError(
            "[tool.alembic_proof] is the table of no tool", where=str(path), todo=f"write {TABLE}"
        )
    table = read_tool_table(path, "alembic-proof")
    if table is not None and not isinstance(table, dict):
        todo = f"write `{TABLE}`, and each key on a line below it"
        raise ConfigError("tool.alembic-proof is not a table", where=str(path), todo=todo)
    return table


def _refuse_unknown_keys(table: Mapping[str, object], *, path: Path) -> None:
    if moved := [key for key in table if key in _MOVED]:
        raise ConfigError(
            f"{', '.join(moved)} cannot be set in {TABLE} any more",
            where=str(path),
            todo="; ".join(f"write {key} as {_MOVED[key]}" for key in moved),
        )
    for key in table:
        if key in SETTINGS:
            continue
        near = get_close_matches(key, SETTINGS, n=1)
        known = f"the known keys are {', '.join(SETTINGS)}"
        raise ConfigError(
            f"unknown key {key!r} in {TABLE}",
            where=str(path),
            todo=f"did you mean {near[0]!r}? {known}" if near else known,
        )


def _refuse_half_a_setting(table: Mapping[str, object], *, path: Path) -> None:
    """Raise for a key that needs another one, or excludes it."""
    if "start_revision" in table and not table.get("start_sql"):
        raise ConfigError(
            f"start_revision in {TABLE} needs start_sql",
            where=str(path),
            todo="name the SQL file that creates a database of that revision",
        )
    if table.get("url_tcp") and "server_url" in table:
        raise ConfigError(
            f"url_tcp in {TABLE} is about the local server, but server_url names another one",
            where=str(path),
            todo="name a TCP address in server_url, or leave one of them out",
        )
