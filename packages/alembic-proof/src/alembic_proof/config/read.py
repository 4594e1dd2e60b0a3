"""Reading `[tool.alembic-proof]`: a key that is not known, or half a setting, is an error."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

from alembic_proof.config.model import DEFAULT_WAIT_TIMEOUT_S, KNOWN_KEYS, Config
from alembic_proof.config.toml import read_tool_table
from alembic_proof.config.values import TABLE, Values
from alembic_proof.errors import ConfigError

_LOCAL_KEYS = ("local_state", "local_database", "local_owner")


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
    values = Values(table, path)
    _refuse_half_a_start(values)
    _refuse_two_servers(values)
    return _config_of(values)


def _table_of(path: Path) -> dict[str, object] | None:
    """The raw table, None where there is none."""
    if read_tool_table(path, "alembic_proof") is not None:
        raise ConfigError(
            "[tool.alembic_proof] is the table of no tool", where=str(path), todo=f"write {TABLE}"
        )
    table = read_tool_table(path, "alembic-proof")
    if table is not None and not isinstance(table, dict):
        todo = f"write `{TABLE}`, and each key on a line below it"
        raise ConfigError("tool.alembic-proof is not a table", where=str(path), todo=todo)
    return table


def _refuse_unknown_keys(table: dict[str, object], *, path: Path) -> None:
    for key in table:
        if key in KNOWN_KEYS:
            continue
        near = get_close_matches(key, KNOWN_KEYS, n=1)
        known = f"the known keys are {', '.join(KNOWN_KEYS)}"
        raise ConfigError(
            f"unknown key {key!r} in {TABLE}",
            where=str(path),
            todo=f"did you mean {near[0]!r}? {known}" if near else known,
        )


def _refuse_half_a_database(table: dict[str, object], *, path: Path) -> None:
    missing = [key for key in _LOCAL_KEYS if key not in table]
    if 0 < len(missing) < len(_LOCAL_KEYS):
        raise ConfigError(
            f"{TABLE} describes half a local database: {', '.join(missing)} is missing",
            where=str(path),
            todo=f"set {', '.join(_LOCAL_KEYS)}, or none of them",
        )


def _refuse_half_a_start(values: Values) -> None:
    """A revision that a database is at must come from somewhere; SQL alone may come before all."""
    if "start_revision" in values.table and not values.files("start_sql"):
        raise ConfigError(
            f"start_revision in {TABLE} needs start_sql",
            where=str(values.path),
            todo="name the SQL file that makes a database of that revision",
        )


def _refuse_two_servers(values: Values) -> None:
    """Raise for a server of another's that is asked to listen on TCP."""
    if values.table.get("url_tcp") and "server_url" in values.table:
        raise ConfigError(
            f"url_tcp in {TABLE} is about the local server, and server_url names another one",
            where=str(values.path),
            todo="name a TCP address in server_url, or leave one of them out",
        )


def _config_of(values: Values) -> Config:
    directory, state = values.path.parent, values.text("local_state")
    return Config(
        directory=directory,
        local_state=(directory / Path(state).expanduser()).resolve() if state else None,
        local_database=values.text("local_database"),
        local_owner=values.text("local_owner"),
        local_app_login=values.text("local_app_login"),
        url_env=values.variable("url_env"),
        url_x_arg=values.text("url_x_arg"),
        url_ini_key=values.text("url_ini_key"),
        url_parts_env=values.parts("url_parts_env"),
        url_parts_ini=values.parts("url_parts_ini"),
        url_tcp=values.switch("url_tcp") if "url_tcp" in values.table else None,
        driver=values.text("driver"),
        flask_app=values.text("flask_app"),
        server_url=values.text("server_url"),
        scratch_url_env=values.variable("scratch_url_env"),
        roles=values.texts("roles", what="role names"),
        start_revision=values.text("start_revision"),
        start_sql=values.files("start_sql"),
        exceptions=tuple(values.declarations("exceptions")),
        skip=values.reasons("skip"),
        ignore=values.texts("ignore", what="kind:pattern"),
        column_order=values.switch("column_order"),
        rows=values.text("rows"),
        leave_out=values.texts("leave_out", what="table names"),
        wait_timeout_s=values.seconds("wait_timeout_s", default=DEFAULT_WAIT_TIMEOUT_S),
        frozen_from=values.texts("frozen_from", what="package names", default=("alembic_proof",)),
        offline_sql=values.switch("offline_sql") if "offline_sql" in values.table else None,
    )
