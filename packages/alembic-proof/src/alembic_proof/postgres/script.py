"""Running SQL scripts on a connection, whatever its driver."""

from __future__ import annotations

import re
from contextlib import closing
from functools import partial
from pathlib import Path

import sqlalchemy
from sqlalchemy.exc import DBAPIError

from alembic_proof.driver import driver_connection
from alembic_proof.errors import ConfigError, DatabaseError
from alembic_proof.postgres.connect import run_on
from alembic_proof.postgres.statements import Statement, split_statements

_GUARD = re.compile(r"^\\(un)?restrict\b.*$", re.MULTILINE)
"""What newer versions of pg_dump write around their statements for psql."""
_FOR_PSQL = re.compile(r"^(\\[a-z!].*|COPY\b.*\bFROM\s+stdin\b.*)$", re.MULTILINE | re.IGNORECASE)


def run_as_psql(url: str, script: str) -> tuple[Statement, DBAPIError | None] | None:
    """Send a script as `psql -v ON_ERROR_STOP=1` does; return the statement that failed, and why.

    Each statement is sent by itself, outside of a transaction unless the script begins one; a
    transaction that the script leaves open is rolled back. What only psql can run is not sent, and
    returned without an error: a driver would wait for the rows of COPY … FROM STDIN for ever.

    :raises ServerError: no connection.
    """

    def send(connection: sqlalchemy.Connection) -> tuple[Statement, DBAPIError | None] | None:
        for statement in split_statements(script):
            if statement.is_for_psql:
                return statement, None
            try:
                connection.exec_driver_sql(
                    statement.text, execution_options={"no_parameters": True}
                ).close()
            except DBAPIError as error:
                return statement, error
        return None

    return run_on(url, send, autocommit=True)


def run_files(url: str, paths: tuple[Path, ...]) -> None:
    """Ensures that the files' statements are done, each file in one transaction.

    Raises:
        ConfigError: a file that cannot be read, or that only psql can run.
        DatabaseError: PostgreSQL refuses a statement.
    """
    for path in paths:
        run_on(url, partial(_run_in_transaction, path=path, sql=_read(path)))


def _read(path: Path) -> str:
    """The file's SQL, without the guards of pg_dump."""
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
    found = _FOR_PSQL.search(sql)
    if found is not None:
        raise ConfigError(
            f"only psql can run {found[0].strip()!r}",
            where=str(path),
            todo="write plain SQL: pg_dump --inserts --no-owner --no-privileges",
        )
    return sql


def _run_in_transaction(connection: sqlalchemy.Connection, *, path: Path, sql: str) -> None:
    """SQLAlchemy commits only what it knows of, and does not see what the driver is given."""
    with connection.begin():
        _run(connection, path=path, sql=sql)


def _run(connection: sqlalchemy.Connection, *, path: Path, sql: str) -> None:
    """All statements at once: no driver prepares them, no placeholder is looked for."""
    raw = driver_connection(connection)
    run_async = getattr(raw, "run_async", None)
    try:
        if run_async is not None:
            run_async(lambda driver_connection: driver_connection.execute(sql))
            return
        with closing(raw.cursor()) as cursor:
            cursor.execute(sql)
    except Exception as error:  # each driver has a family of its own, none is wrapped here
        said = (str(error).splitlines() or [type(error).__name__])[0]
        raise DatabaseError(
            f"the SQL file fails: {said}",
            where=str(path),
            todo="correct it; a dump needs --no-owner --no-privileges, or roles = [...]",
        ) from error
