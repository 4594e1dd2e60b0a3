"""The SQL files of start_sql, which a scratch database runs before the history."""

from __future__ import annotations

import re
from contextlib import closing
from functools import partial
from pathlib import Path

import sqlalchemy

from alembic_deploy.connect import driver_connection, run_on
from alembic_deploy.errors import ConfigError, DatabaseError
from alembic_deploy.statements import split_statements

_GUARD = re.compile(r"^\\(un)?restrict\b.*$", re.MULTILINE)
"""psql's commands that pg_dump writes around its statements."""


def run_files(url: str, paths: tuple[Path, ...]) -> None:
    """Run the statements of the files, each file in one transaction.

    :raises ConfigError: A file cannot be read, is empty, or needs psql.
    :raises DatabaseError: PostgreSQL refuses a statement.
    """
    for path in paths:
        run_on(url, partial(_run_in_transaction, path=path, sql=_read(path)))


def _read(path: Path) -> str:
    """Return the file's SQL without the guards of pg_dump."""
    try:
        sql = _GUARD.sub("", path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"cannot read the SQL file: {error}", where=str(path), todo="correct start_sql"
        ) from error
    if not sql.strip():
        raise ConfigError(
            "the SQL file is empty", where=str(path), todo="dump it again, or correct start_sql"
        )
    _refuse_psql(sql, path=path)
    return sql


def _refuse_psql(sql: str, *, path: Path) -> None:
    if "\\" not in sql and "STD" not in sql.upper():
        return  # a large dump need not be split
    for statement in split_statements(sql):
        if statement.is_for_psql:
            line = sql.count("\n", 0, statement.start) + 1
            raise ConfigError(
                f"only psql can run {statement.text.splitlines()[0]!r}",
                where=f"{path}:{line}",
                todo="write plain SQL: pg_dump --inserts --no-owner --no-privileges",
            )


def _run_in_transaction(connection: sqlalchemy.Connection, *, path: Path, sql: str) -> None:
    """Run the SQL and commit it: SQLAlchemy does not see what the driver executes."""
    with connection.begin():
        _run(connection, path=path, sql=sql)


def _run(connection: sqlalchemy.Connection, *, path: Path, sql: str) -> None:
    """Send all statements at once, so that no driver prepares them or looks for placeholders."""
    raw = driver_connection(connection)
    run_async = getattr(raw, "run_async", None)
    try:
        if run_async is not None:
            run_async(lambda driver_connection: driver_connection.execute(sql))
            return
        with closing(raw.cursor()) as cursor:
            cursor.execute(sql)
    except Exception as error:  # each driver has its own exceptions, which SQLAlchemy does not wrap
        message = (str(error).splitlines() or [type(error).__name__])[0]
        raise DatabaseError(
            f"the SQL file fails: {message}",
            where=str(path),
            todo="correct it; a dump needs --no-owner --no-privileges, or roles = [...]",
        ) from error
