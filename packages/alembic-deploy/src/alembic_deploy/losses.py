"""What a downgrade loses: the rows and values that its SQL drops, counted before it runs."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Any

from alembic.runtime.migration import RevisionStep
from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from alembic_deploy.backfill.statements import count_statement
from alembic_deploy.backfill.steps import backfill_of
from alembic_deploy.errors import HistoryError
from alembic_deploy.offline_sql import offline_statements, why_unknown
from alembic_deploy.progress import title_of
from alembic_deploy.session import run_alive, set_settings
from alembic_deploy.statements import (
    STRINGS,
    Found,
    find_all,
    fold_identifier,
    listed_names,
    match_start,
    tokenize,
)

_COUNTED_BYTES = 256 * 1024**2
"""A larger table is not counted: the server's estimate is shown."""
_COUNT_SETTINGS = """\
SELECT pg_catalog.set_config('transaction_read_only', 'on', true),
       pg_catalog.set_config('statement_timeout', '5s', true),
       pg_catalog.set_config('row_security', 'off', true)"""
"""With row_security off, a count that a policy would make smaller is an error."""

_TABLE = """
SELECT pg_catalog.format('%I.%I', space.nspname, relation.relname) AS name,
       relation.oid,
       CAST(pg_catalog.sum(pg_catalog.pg_relation_size(part.oid)) AS bigint) AS bytes,
       CAST(pg_catalog.sum(greatest(part.reltuples, 0)) AS bigint) AS about_rows
FROM pg_catalog.pg_class AS relation
JOIN pg_catalog.pg_namespace AS space ON space.oid = relation.relnamespace
JOIN pg_catalog.pg_class AS part ON part.oid = relation.oid OR part.oid IN (
    SELECT tree.relid FROM pg_catalog.pg_partition_tree(relation.oid) AS tree
)
WHERE relation.oid = pg_catalog.to_regclass(:name)
AND relation.relkind IN ('r', 'p')
AND part.relkind <> 'p'
GROUP BY space.nspname, relation.relname, relation.oid
"""

_TABLES_OF_SCHEMA = """
SELECT pg_catalog.format('%I.%I', space.nspname, relation.relname) AS name
FROM pg_catalog.pg_class AS relation
JOIN pg_catalog.pg_namespace AS space ON space.oid = relation.relnamespace
WHERE space.nspname = CAST(:schema AS name)
AND relation.relkind IN ('r', 'p')
AND NOT relation.relispartition
ORDER BY 1
"""

_COLUMN = """
SELECT pg_catalog.quote_ident(attribute.attname) AS name,
       coalesce(statistics.null_frac, 0) AS null_share
FROM pg_catalog.pg_attribute AS attribute
JOIN pg_catalog.pg_class AS relation ON relation.oid = attribute.attrelid
JOIN pg_catalog.pg_namespace AS space ON space.oid = relation.relnamespace
LEFT JOIN pg_catalog.pg_stats AS statistics
    ON statistics.schemaname = space.nspname
    AND statistics.tablename = relation.relname
    AND statistics.attname = attribute.attname
WHERE attribute.attrelid = CAST(:oid AS oid)
AND attribute.attname = CAST(:column AS name)
AND attribute.attnum > 0
AND NOT attribute.attisdropped
"""


class Removal(StrEnum):
    """What a statement does to rows or values."""

    DROP_TABLE = "drops the table"
    DROP_COLUMN = "drops the column"
    TRUNCATE = "empties the table"
    DELETE = "deletes rows of"
    DROP_SCHEMA = "drops, with its schema, the table"
    UNDO = "undoes its backfill in"


_SYNOPSES = (
    (Removal.DROP_TABLE, "DROP TABLE [ IF EXISTS ] name"),
    (Removal.DROP_SCHEMA, "DROP SCHEMA [ IF EXISTS ] name"),
    (Removal.TRUNCATE, "TRUNCATE [ TABLE ] [ ONLY ] name"),
    (Removal.DELETE, "DELETE FROM [ ONLY ] name"),
)
_CREATE_TABLE = (
    "CREATE [ GLOBAL | LOCAL ] [ TEMPORARY | TEMP | UNLOGGED ] TABLE [ IF NOT EXISTS ] table"
)
_RAISE = re.compile(r"\bRAISE\s+EXCEPTION\b", re.IGNORECASE)
_NOT_COLUMNS = frozenset({"COLUMN", "CONSTRAINT", "DEFAULT", "EXPRESSION", "IDENTITY", "NOT"})
"""What may follow DROP in ALTER TABLE instead of a column's name."""


@dataclass(frozen=True, slots=True)
class Removed:
    """A table, its column or a schema that a statement removes; names as they are written."""

    removal: Removal
    table: str
    column: str = ""
    is_optional: bool = False
    """Whether the statement has IF EXISTS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """What one statement removes from the database."""

    removal: Removal
    name: str
    """The table, or its column, qualified."""
    number: int | None
    """Rows, or values that are not NULL; None where they could not be counted."""
    is_exact: bool = True

    def __str__(self) -> str:
        unit = "value" if self.removal is Removal.DROP_COLUMN else "row"
        if self.number is None:
            return f"{self.removal} {self.name}: {unit}s not counted"
        about = "" if self.is_exact else "about "
        some = "some of " if self.removal is Removal.DELETE else ""
        return f"{self.removal} {self.name}: {some}{about}{self.number:,} {unit}" + (
            "" if self.number == 1 else "s"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StepLosses:
    """What the downgrade of one revision loses."""

    revision_id: str
    title: str
    declared: tuple[str, ...] = ()
    """What the revision's `lossy` says about its downgrade."""
    losses: tuple[Loss, ...] = ()
    unknown: str = ""
    """Why its SQL is not known before it runs; empty where it is."""
    may_refuse: bool = False
    """Whether a DO in its SQL raises an exception, which depends on the rows that it meets."""

    @property
    def is_empty(self) -> bool:
        """Whether it loses nothing, as far as that can be known."""
        return not (self.declared or self.losses or self.unknown)

    def __str__(self) -> str:
        lines = [f"{self.revision_id}  {self.title}", *(f"  {loss}" for loss in self.losses)]
        lines += [f"  declared: {text}" for text in self.declared]
        if self.unknown:
            lines.append(f"  not known before it runs: {self.unknown}")
        if self.is_empty:
            lines.append("  loses no row")
        if self.may_refuse:
            lines.append("  may refuse when it runs: what is undone before it stays undone")
        return "\n".join(lines)


def read_losses(connection: Connection, steps: Iterable[RevisionStep]) -> tuple[StepLosses, ...]:
    """Return what each downgrade step loses, in their order; the database is only read.

    The steps' Python code runs as it does for `--sql`. No transaction may be open, and none is left
    open.

    :raises HistoryError: A revision's downgrade refuses, with NotImplementedError.
    Locks: ACCESS SHARE on the tables that are counted, until each is counted.
    """
    planned = run_alive(connection, lambda: [(step, _statements(step)) for step in steps])
    return tuple(
        StepLosses(
            revision_id=step.revision.revision,
            title=title_of(step),
            declared=_declared(step),
            losses=(
                *_undone(connection, step),
                *_losses_of(connection, _removals(statements)),
            ),
            unknown=unknown,
            may_refuse=any(map(_raises, statements)),
        )
        for step, (statements, unknown) in planned
    )


def removals_of(statement: str) -> Iterator[Removed]:
    """Yield the tables and columns that a statement removes, also what the strings of a DO remove.

    Source: sql-droptable, sql-altertable, sql-truncate, sql-delete, sql-dropschema.
    """
    if match_start(statement, "DO"):
        yield from _removals_of_strings(statement)
        return
    is_optional = ("IF", "EXISTS") in pairwise(token.text.upper() for token in tokenize(statement))
    for removal, synopsis in _SYNOPSES:
        if found := match_start(statement, synopsis):
            for name in listed_names(found, "name")[0]:
                yield Removed(removal, name, is_optional=is_optional)
    if match_start(statement, "WITH"):
        for one in find_all(statement, "DELETE FROM [ ONLY ] name"):
            yield Removed(Removal.DELETE, one["name"])
    if alter := match_start(statement, "ALTER TABLE [ IF EXISTS ] [ ONLY ] table"):
        for column in _dropped_columns(alter):
            yield Removed(Removal.DROP_COLUMN, alter["table"], column, is_optional=is_optional)


def _removals_of_strings(block: str) -> Iterator[Removed]:
    """Yield what the body of a DO removes, and the SQL that it executes."""
    for one in find_all(block, "{ DROP | ALTER | TRUNCATE | DELETE }", within=STRINGS):
        if one.sql is not block:
            yield from removals_of(one.sql[one.start :].partition(";")[0])


def _dropped_columns(alter: Found) -> Iterator[str]:
    """Yield the columns that an ALTER TABLE drops, as they are written."""
    actions = ("DROP COLUMN [ IF EXISTS ] column", "DROP [ IF EXISTS ] column")
    names = (one["column"] for action in actions for one in find_all(alter.rest, action))
    yield from dict.fromkeys(name for name in names if name.upper() not in _NOT_COLUMNS)


def _statements(step: RevisionStep) -> tuple[tuple[str, ...], str]:
    """Return a step's SQL, and why that is not known.

    :raises HistoryError: It refuses.
    """
    reason = _declaration(step, "irreversible")
    try:
        return offline_statements(step), ""
    except Exception as error:
        if isinstance(error, NotImplementedError) and not _is_of_library(error):
            raise _refusal(step, str(error) or reason) from error
        if reason:
            raise _refusal(step, reason) from error
        return (), why_unknown(error)


def _raises(statement: str) -> bool:
    """Return whether it is a DO that raises an exception. Source: plpgsql-errors-and-messages."""
    return bool(match_start(statement, "DO") and _RAISE.search(statement))


def _removals(statements: tuple[str, ...]) -> tuple[Removed, ...]:
    """Return what the statements remove, without the tables that they create themselves."""
    own = {
        fold_identifier(found["table"])
        for statement in statements
        if (found := match_start(statement, _CREATE_TABLE))
    }
    removals = (one for statement in statements for one in removals_of(statement))
    return tuple(one for one in removals if fold_identifier(one.table) not in own)


def _is_of_library(error: Exception) -> bool:
    """Return whether SQLAlchemy or Alembic raised it, as for a value that has no literal in SQL."""
    frames = traceback.walk_tb(error.__traceback__)
    module = str([frame.f_globals.get("__name__") for frame, _ in frames][-1])
    return module.partition(".")[0] in ("sqlalchemy", "alembic")


def _refusal(step: RevisionStep, reason: str) -> HistoryError:
    return HistoryError(
        f"downgrade of {step.revision.revision} ({title_of(step)}) refuses: {reason}",
        where=f"{step.revision.path}\n  now: nothing is undone",
        todo="restore a backup, or stay and go forward",
    )


def _declaration(step: RevisionStep, name: str) -> str:
    reason = getattr(step.revision.module, name, None)
    return reason if isinstance(reason, str) else ""


def _declared(step: RevisionStep) -> tuple[str, ...]:
    """Return the entries of `lossy` without those of the upgrade."""
    entries = (" ".join(one.split()) for one in re.split(r"[;\n]", _declaration(step, "lossy")))
    return tuple(one for one in entries if one and not re.match(r"upgrade\s*:", one))


def _losses_of(connection: Connection, removals: Iterable[Removed]) -> Iterator[Loss]:
    """Yield what the removals lose; what is empty, or not there, is left out."""
    for removed in removals:
        for table in _tables(connection, removed):
            loss = _loss_of(connection, removed, table)
            if loss is not None and loss.number != 0:
                yield loss


def _undone(connection: Connection, step: RevisionStep) -> tuple[Loss, ...]:
    """Return what the undo of the step's backfill changes; none where it finds no row."""
    backfill = backfill_of(step)
    if backfill is None or backfill.undo is None:
        return ()
    number: int | None = None
    try:
        connection.execute(text(_COUNT_SETTINGS))
        set_settings(connection, dict(backfill.settings), is_local=True)
        table = connection.execute(text(_TABLE), {"name": backfill.table}).first()
        if table is not None and table.bytes <= _COUNTED_BYTES:
            number = connection.execute(count_statement(backfill, backfill.undo)).scalar_one()
    except DBAPIError as error:
        if error.connection_invalidated:
            raise
    finally:
        connection.rollback()
    if number == 0:
        return ()
    return (Loss(removal=Removal.UNDO, name=backfill.table, number=number),)


def _tables(connection: Connection, removed: Removed) -> tuple[str, ...]:
    if removed.removal is not Removal.DROP_SCHEMA:
        return (removed.table,)
    schema = fold_identifier(removed.table)
    found = connection.execute(text(_TABLES_OF_SCHEMA), {"schema": schema}).scalars().all()
    connection.rollback()
    return tuple(found)


def _loss_of(connection: Connection, removed: Removed, name: str) -> Loss | None:
    """Return one loss, counted or estimated; None for an object that an IF EXISTS does not find."""
    try:
        connection.execute(text(_COUNT_SETTINGS))
        table = connection.execute(text(_TABLE), {"name": name}).first()
        if table is None:
            # An earlier step may rename or create it.
            return None if removed.is_optional else _uncounted_loss(removed, name)
        return _loss_in_table(connection, removed, table)
    except DBAPIError as error:
        if error.connection_invalidated:
            raise
        return _uncounted_loss(removed, name)
    finally:
        connection.rollback()


def _uncounted_loss(removed: Removed, table: str) -> Loss:
    name = f"{table}.{removed.column}" if removed.column else table
    return Loss(removal=removed.removal, name=name, number=None)


def _loss_in_table(connection: Connection, removed: Removed, table: Any) -> Loss | None:
    name, expression, null_share = table.name, "*", 0.0
    if removed.column:
        values = {"oid": table.oid, "column": fold_identifier(removed.column)}
        column = connection.execute(text(_COLUMN), values).first()
        if column is None:
            return None if removed.is_optional else _uncounted_loss(removed, table.name)
        name, expression = f"{table.name}.{column.name}", column.name
        null_share = float(column.null_share)
    number = _exact_count(connection, table, expression)
    if number is not None:
        return Loss(removal=removed.removal, name=name, number=number)
    about = round(table.about_rows * (1 - null_share))
    return Loss(removal=removed.removal, name=name, number=about or None, is_exact=False)


def _exact_count(connection: Connection, table: Any, expression: str) -> int | None:
    """Return the number of rows or values; None where counting would take too long."""
    if table.bytes > _COUNTED_BYTES:
        return None
    sql = f"SELECT pg_catalog.count({expression}) FROM {table.name}"
    try:
        # It is a complete statement: a per cent sign or a colon in a name is no parameter.
        options = {"no_parameters": True}
        return int(connection.exec_driver_sql(sql, execution_options=options).scalar_one())
    except DBAPIError as error:
        if error.connection_invalidated:
            raise
        return None
