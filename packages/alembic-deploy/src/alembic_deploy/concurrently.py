"""Statements that run outside of transactions: CREATE INDEX CONCURRENTLY and its relatives.

Such a statement waits for other transactions as long as it takes, so lock_timeout would only break
it; and what a broken one leaves, an INVALID index, is dropped before the statement is tried again.
One that was done, by a migrator that died before it recorded the version, is not done again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import event, text
from sqlalchemy.engine import Connection

from alembic_deploy.connect import statement_errors
from alembic_deploy.definitions import relation_exists
from alembic_deploy.limits import left_ms
from alembic_deploy.statements import fold_identifier, tokenize

_NAME = r'(?:"(?:[^"]|"")*"|[\w$]+)'
_QUALIFIED = rf"{_NAME}(?: \. {_NAME})?"
_CREATE_INDEX = re.compile(
    rf"(?P<create>CREATE (?:UNIQUE )?INDEX) CONCURRENTLY (?P<guard>IF NOT EXISTS )?"
    rf"(?P<index>{_NAME}) ON (?:ONLY )?(?P<table>(?:{_NAME} \. )?(?P<name>{_NAME}))",
    re.IGNORECASE,
)
_DROP_INDEX = re.compile(
    rf"DROP INDEX CONCURRENTLY (?P<guard>IF EXISTS )?(?P<index>{_QUALIFIED})", re.IGNORECASE
)
_REINDEX = re.compile(
    rf"REINDEX (?:\([^)]*\) )?(?P<kind>INDEX|TABLE) (?:CONCURRENTLY )?(?P<name>{_QUALIFIED})",
    re.IGNORECASE,
)
_CONCURRENTLY = re.compile(
    r"(?:CREATE (?:UNIQUE )?INDEX|DROP INDEX|REINDEX\b[^;]*?|ALTER TABLE\b[^;]*?\bDETACH\b[^;]*?)"
    r" CONCURRENTLY\b",
    re.IGNORECASE,
)
_CONCURRENTLY_WORD = re.compile(r"\bCONCURRENTLY\b", re.IGNORECASE)
_TIMEOUTS = """\
SELECT pg_catalog.current_setting('lock_timeout') AS lock_timeout,
       pg_catalog.current_setting('statement_timeout') AS statement_timeout"""
_OF_REINDEX = r"_cc(new|old)[0-9]*$"
"""The end of the names that REINDEX CONCURRENTLY gives. Source: sql-reindex."""
_LONGEST_NAME = 63
"""Bytes; PostgreSQL cuts what is longer. Source: sql-syntax-lexical, "Identifiers and Key Words"."""
_INVALID = """\
SELECT pg_catalog.format('%I.%I', space.nspname, own.relname) AS name,
       own.relname AS raw_name,
       index.indrelid AS table_oid,
       pg_catalog.format('%I.%I', space.nspname, relation.relname) AS table_name,
       own.relkind = 'I' AS is_partitioned,
       EXISTS (
           SELECT
           FROM pg_catalog.pg_locks AS lock
           JOIN pg_catalog.pg_stat_progress_create_index AS running USING (pid)
           WHERE lock.relation = index.indrelid
           AND lock.mode = 'ShareUpdateExclusiveLock'
           AND lock.granted
           AND running.datname = pg_catalog.current_database()
       ) AS is_being_built
FROM pg_catalog.pg_index AS index
JOIN pg_catalog.pg_class AS own ON own.oid = index.indexrelid
JOIN pg_catalog.pg_class AS relation ON relation.oid = index.indrelid
JOIN pg_catalog.pg_namespace AS space ON space.oid = own.relnamespace
WHERE NOT index.indisvalid
AND space.nspname !~ '^pg_'
AND (
    CAST(:relation AS text) IS NULL
    OR index.indrelid = coalesce(
        (SELECT named.indrelid FROM pg_catalog.pg_index AS named
         WHERE named.indexrelid = pg_catalog.to_regclass(CAST(:relation AS text))),
        pg_catalog.to_regclass(CAST(:relation AS text))
    )
)
ORDER BY 1"""
"""Which session builds an index is read from its lock and pid: its statement may be hidden."""
_VALID = """\
SELECT index.indexrelid
FROM pg_catalog.pg_index AS index
JOIN pg_catalog.pg_class AS class ON class.oid = index.indexrelid
WHERE index.indrelid = pg_catalog.to_regclass(:table)
  AND class.relname = :name
  AND index.indisvalid"""
_BUILD_AGAIN = """\
DO $build_again$
BEGIN
    CREATE TEMPORARY TABLE {name} (LIKE {table}) ON COMMIT DROP;
    {create} {index} ON pg_temp.{name}{rest};
    IF (
        SELECT pg_catalog.count(DISTINCT (
            index.indisunique,
            pg_catalog.substring(pg_catalog.pg_get_indexdef(index.indexrelid), ' USING .*')
        )) <> 1
        FROM pg_catalog.pg_index AS index
        JOIN pg_catalog.pg_class AS class ON class.oid = index.indexrelid
        JOIN pg_catalog.pg_class AS built ON built.relname = class.relname
        WHERE built.oid = {oid}
          AND (class.oid = built.oid OR class.relnamespace = pg_catalog.pg_my_temp_schema())
    ) THEN
        RAISE EXCEPTION USING MESSAGE = 'the definitions differ';
    END IF;
END
$build_again$"""
"""Build the index on an empty copy of the table; fail unless it is like the one that is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InvalidIndex:
    """An index that no query uses and that every write maintains."""

    name: str
    """Qualified, and quoted where it must be."""
    raw_name: str
    table_oid: int
    table_name: str
    is_partitioned: bool
    """Whether it has partitions, one of which has no such index."""
    is_being_built: bool
    """Whether a session is building an index of the table."""

    @property
    def is_left_by_reindex(self) -> bool:
        """Return whether its name is one that REINDEX CONCURRENTLY gives."""
        return re.search(_OF_REINDEX, self.raw_name) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftovers:
    """The INVALID indexes that a statement leaves when it is broken off."""

    relation: str
    """The table or the index, as the statement names it."""
    pattern: str
    """The regular expression of their names."""


def is_concurrently(statement: str) -> bool:
    """Return whether the statement waits for other transactions by itself.

    Source: sql-createindex, sql-dropindex, sql-reindex, sql-altertable.
    """
    return _CONCURRENTLY.match(_one_line(statement)) is not None


def leftovers_of(statement: str) -> Leftovers | None:
    """Return what a CREATE INDEX CONCURRENTLY or REINDEX CONCURRENTLY leaves; None for others.

    Source: sql-createindex, "Building Indexes Concurrently"; sql-reindex, "Rebuilding Indexes
        Concurrently".
    """
    line = _one_line(statement)
    if (created := _CREATE_INDEX.match(line)) is not None:
        name = _cut(fold_identifier(created["index"]))
        return Leftovers(relation=created["table"], pattern=f"^{re.escape(name)}$")
    if _CONCURRENTLY.match(line) is None or (rebuilt := _REINDEX.match(line)) is None:
        return None
    name = rebuilt["name"]
    is_index = rebuilt["kind"].upper() == "INDEX"
    base = re.escape(fold_identifier(name.rpartition(" . ")[2])[:50]) if is_index else ""
    return Leftovers(relation=name, pattern=f"^{base}.*{_OF_REINDEX}")


def read_invalid_indexes(
    connection: Connection, *, relation: str | None = None
) -> tuple[InvalidIndex, ...]:
    """Return the INVALID indexes of the database by name, without those of system schemas.

    :param relation: A table, or one of its indexes: return those of this table only.
    Source: sql-createindex, "Building Indexes Concurrently".
    """
    found = connection.execute(text(_INVALID), {"relation": relation})
    return tuple(InvalidIndex(**row._mapping) for row in found)


def drop_leftovers(connection: Connection, leftovers: Leftovers) -> tuple[str, ...]:
    """Drop those indexes if they are INVALID; return their qualified names.

    :param connection: In autocommit mode.
    Locks: SHARE UPDATE EXCLUSIVE on the table.
    """
    found = read_invalid_indexes(connection, relation=leftovers.relation)
    names = tuple(one.name for one in found if re.search(leftovers.pattern, one.raw_name))
    for name in names:
        raw = {"no_parameters": True}
        drop = f"DROP INDEX CONCURRENTLY IF EXISTS {name}"
        connection.exec_driver_sql(drop, execution_options=raw)
    return names


def is_restartable(statement: str) -> bool:
    """Return whether a deployment may run the CONCURRENTLY statement again, done or broken off."""
    line = _one_line(statement)
    return any(one.match(line) is not None for one in (_CREATE_INDEX, _DROP_INDEX, _REINDEX))


def skip_what_is_done(connection: Connection, statement: str) -> tuple[str, str]:
    """Return the statement with IF [NOT] EXISTS where an earlier attempt has done it, and a message.

    A CREATE INDEX is done if a valid index has its name and definition, a DROP INDEX if no index has
    that name. Otherwise the statement is unchanged, and the message empty.

    :param connection: In autocommit mode.
    Locks: ACCESS SHARE on the table.
    """
    line = _one_line(statement)
    dropped, created = _DROP_INDEX.match(line), _CREATE_INDEX.match(line)
    match = dropped or created
    if match is None or match["guard"]:
        return statement, ""
    name = match["index"].replace(" . ", ".")
    if match is dropped and not relation_exists(connection, name):
        done = f"there is no index {name}: an earlier attempt has dropped it"
        return _guarded(statement, "IF EXISTS"), done
    if match is created and _is_built(connection, match, _after(statement, match)):
        done = f"kept the index {name}, which an earlier attempt has built"
        return _guarded(statement, "IF NOT EXISTS"), done
    return statement, ""


def _is_built(connection: Connection, created: re.Match[str], rest: str) -> bool:
    """Return whether the index is there, valid, and defined as the statement says.

    :param rest: What follows the table's name.
    """
    parameters = {"table": created["table"], "name": _cut(fold_identifier(created["index"]))}
    oid = connection.execute(text(_VALID), parameters).scalar()
    if oid is None:
        return False
    again = _BUILD_AGAIN.format(**created.groupdict(), rest=rest, oid=oid)
    # The driver's own cursor: what observes the revision's statements does not see it.
    cursor = connection.connection.cursor()
    try:
        cursor.execute(again)
    except statement_errors(connection):
        return False
    finally:
        cursor.close()
    return True


def _after(statement: str, match: re.Match[str]) -> str:
    """Return the statement's text behind a match in `_one_line(statement)`, without the `;`."""
    tokens = tokenize(statement)
    matched = match.group()
    number = next(n for n in range(len(tokens)) if " ".join(t.text for t in tokens[:n]) == matched)
    rest = [token for token in tokens[number:] if token.text != ";"]
    return statement[rest[0].start : rest[-1].end] if rest else ""


def _guarded(statement: str, guard: str) -> str:
    return _CONCURRENTLY_WORD.sub(f"CONCURRENTLY {guard}", statement, count=1)


@contextmanager
def preparing_concurrently(
    connection: Connection,
    *,
    deadline_s: float | None,
    is_deployment: bool,
    print_line: Callable[[str], None],
) -> Iterator[None]:
    """Before each CONCURRENTLY statement of this block, drop what an earlier attempt of it has left.

    Only the deadline ends such a statement: its other timeouts are off while it runs.

    :param deadline_s: In the time of time.monotonic(); None for none.
    :param is_deployment: Whether to skip what an earlier attempt has done, which in another program's
        walk through the history is an error of the revision.
    """
    before: dict[str, str] = {}

    def prepare(
        connection: Connection, _cursor: Any, statement: str, parameters: Any, *_: Any
    ) -> tuple[str, Any]:
        if not _runs_concurrently(connection, statement):
            return statement, parameters
        leftovers = leftovers_of(statement)
        for name in drop_leftovers(connection, leftovers) if leftovers is not None else ():
            print_line(f"    dropped the INVALID index {name}, which an earlier attempt has left")
        statement, done = (
            skip_what_is_done(connection, statement) if is_deployment else (statement, "")
        )
        if done:
            print_line(f"    {done}")
        # Last: that DROP is such a statement too.
        before.update(connection.exec_driver_sql(_TIMEOUTS).one()._mapping)
        _set_timeouts(connection, lock_timeout="0", statement_timeout=str(left_ms(deadline_s)))
        return statement, parameters

    def finish(connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        if _runs_concurrently(connection, statement):
            _set_timeouts(connection, **before)

    event.listen(connection, "before_cursor_execute", prepare, retval=True)
    event.listen(connection, "after_cursor_execute", finish)
    try:
        yield
    finally:
        event.remove(connection, "before_cursor_execute", prepare)
        event.remove(connection, "after_cursor_execute", finish)


def is_autocommit(connection: Connection) -> bool:
    """Return whether each statement is a transaction of its own."""
    return connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT"


def _runs_concurrently(connection: Connection, statement: str) -> bool:
    return is_autocommit(connection) and is_concurrently(statement)


def _set_timeouts(connection: Connection, **timeouts: str) -> None:
    for name, value in timeouts.items():
        connection.exec_driver_sql(f"SET {name} = '{value}'")


def _one_line(statement: str) -> str:
    """Return the tokens of a statement with one blank between them; empty without CONCURRENTLY."""
    if "concurrently" not in statement.lower():
        return ""
    return " ".join(token.text for token in tokenize(statement))


def _cut(name: str) -> str:
    return name.encode()[:_LONGEST_NAME].decode(errors="ignore")
