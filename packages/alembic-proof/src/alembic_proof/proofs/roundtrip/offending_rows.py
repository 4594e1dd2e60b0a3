"""The rows that a step failed on, found again in the database after the step was rolled back.

PostgreSQL's message says where to look: `predicates_for` turns it into conditions without a
connection, and `find_offending_rows` looks for the rows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

from alembic_deploy.connect import run_on
from alembic_deploy.errors import DeployError
from alembic_deploy.server_message import ServerMessage, server_message, shortened
from alembic_deploy.statements import (
    contains,
    find_all,
    fold_identifier,
    is_identifier,
    match_start,
    parenthesized,
    replace_word,
)
from alembic_proof.rows import TableName
from alembic_proof.rows.duplicates import LOCATION_COLUMNS, DuplicateRows, RowLocation, is_at_sql
from alembic_proof.rows.savepoint_batch import (
    StatementOutcome,
    lift_force_rls_of_sql,
    run_statements,
)
from alembic_proof.sql import Sqlstate, quote_identifier, quote_literal

_WORD = re.compile(r"[\w$]+")
_MOST_ROWS = 1_000
_MOST_COLUMNS = 8


@dataclass(frozen=True, slots=True)
class OffendingRows:
    """The rows that a step failed on; texts are empty where PostgreSQL does not say enough."""

    table: TableName | None = None
    rows: str = ""
    """The rows as they are shown: `users (id=2, email=NULL)`."""
    condition: str = ""
    """A condition in SQL that all offending rows of the table satisfy, and rows that are not may not."""


def find_offending_rows(url: str, error: BaseException) -> OffendingRows:
    """Return the table and the rows that an error of PostgreSQL is about.

    Example: after `ALTER TABLE users ALTER email SET NOT NULL` has failed, the table is `public.users`
    and the rows are `users (id=2, email=NULL)`.

    :param url: the database in which the step was rolled back.
    """
    message = server_message(error)
    if message is None:
        return OffendingRows()
    try:
        return run_on(url, lambda connection: _find(connection, message))
    except (DeployError, SQLAlchemyError, OSError):
        return OffendingRows()


def describe_duplicates(url: str, duplicates: DuplicateRows) -> str:
    """Return the inserted duplicates as they are shown; empty where they were moved since."""
    predicate = RowPredicate(duplicates.table, is_at_sql(duplicates.locations))
    try:
        return "; ".join(run_on(url, lambda connection: _rows(connection, predicate, said="")))
    except (DeployError, SQLAlchemyError, OSError):
        return ""


def _find(connection: Connection, message: ServerMessage) -> OffendingRows:
    table = _table(connection, message)
    for predicate in predicates_for(message, _named(connection, message)):
        found = _rows(connection, predicate, said=f"{message.one_line} {message.sql}")
        if found:
            return OffendingRows(
                table,
                "; ".join(found),
                condition=predicate.condition if predicate.is_exhaustive else "",
            )
    return _inconvertible(connection, message, table)


def _table(connection: Connection, message: ServerMessage) -> TableName | None:
    """Return the table that the error names, else the one that the statement alters."""
    changed = type_change(message.sql)
    text = relation(message) if message.table else changed.table if changed else ""
    sql = (
        "SELECT pg_catalog.to_jsonb(pg_catalog.format('%I.%I', n.nspname, c.relname))"
        " FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace"
        f" WHERE c.oid = pg_catalog.to_regclass({quote_literal(text)})"
    )
    [outcome] = run_statements(connection, [sql] if text else ["SELECT NULL::jsonb"], is_kept=False)
    return None if outcome.value is None else TableName(outcome.value)


def _named(connection: Connection, message: ServerMessage) -> Named:
    """Read the definitions that the error names."""
    sql = f"""
SELECT pg_catalog.jsonb_build_array(
    (SELECT pg_catalog.jsonb_agg(a.attname) FROM pg_catalog.pg_attribute AS a
        WHERE a.attrelid = o.id AND NOT a.attisdropped),
    (SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_constraint AS k
        JOIN pg_catalog.pg_class AS c ON c.oid = k.confrelid
        JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
        WHERE k.conrelid = o.id AND k.conname = {quote_literal(message.constraint)}),
    (SELECT pg_catalog.pg_get_expr(k.conbin, k.conrelid) FROM pg_catalog.pg_constraint AS k
        WHERE k.conrelid = o.id AND k.conname = {quote_literal(message.constraint)} AND k.contype = 'c'))
FROM pg_catalog.to_regclass(nullif({quote_literal(relation(message))}, '')) AS o (id)"""
    [outcome] = run_statements(connection, [sql], is_kept=False)
    columns, target, check = outcome.value or (None, None, None)
    return Named(tuple(columns or ()), target or "", check or "")


def _rows(connection: Connection, predicate: RowPredicate, *, said: str) -> list[str]:
    """Return some rows that satisfy the predicate as they are shown; none where it cannot be evaluated.

    :param said: the text whose columns are shown first.
    """
    sql = (
        "SELECT pg_catalog.jsonb_agg(r.v) FROM (SELECT pg_catalog.to_json(t.*)::pg_catalog.text"
        f" AS v FROM {predicate.table} AS t WHERE {predicate.condition} LIMIT {predicate.most}) AS r"
    )
    [outcome] = _ask(connection, predicate.table, [sql])
    return [_shown(predicate.table, json.loads(row), said) for row in outcome.value or ()]


def _ask(
    connection: Connection, table: str, statements: Sequence[str]
) -> tuple[StatementOutcome, ...]:
    """Return the statements' outcomes with every row of the table visible; all is rolled back."""
    before = lift_force_rls_of_sql(table)
    return run_statements(connection, statements, before=before, is_kept=False)


def _inconvertible(
    connection: Connection, message: ServerMessage, table: TableName | None
) -> OffendingRows:
    """Return the rows whose values the column's new type does not accept; only the first one is shown."""
    changed = type_change(message.sql)
    if changed is None:
        return OffendingRows(table)
    value = f"({changed.value})::{changed.type}"
    locations = _locations(connection, changed.table)
    casts = [
        f"SELECT pg_catalog.to_jsonb(({value})::pg_catalog.text) FROM {changed.table}"
        f" WHERE ctid = {quote_literal(ctid)} AND tableoid = {quote_literal(oid)}"
        for oid, ctid in locations
    ]
    outcomes = _ask(connection, changed.table, casts)
    wrong = [
        location
        for location, one in zip(locations, outcomes, strict=True)
        if one.failure is not None and one.failure.sqlstate == message.sqlstate
    ]
    if not wrong:
        found = (
            _rows(connection, one, said="") for one in rejected_value_predicates(message, changed)
        )
        return OffendingRows(table, "; ".join(chain.from_iterable(found)))
    predicate = RowPredicate(changed.table, is_at_sql(wrong[:1]))
    rows = "; ".join(_rows(connection, predicate, said=message.sql))
    return OffendingRows(table, rows, is_at_sql(wrong))


def _locations(connection: Connection, table: str) -> list[RowLocation]:
    """Return the locations of the table's first rows."""
    few = f"SELECT {LOCATION_COLUMNS} FROM {table} LIMIT {_MOST_ROWS}"
    sql = (
        f"SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_array(o, c)) FROM ({few}) AS r (o, c)"
    )
    [outcome] = _ask(connection, table, [sql])
    return [(oid, ctid) for oid, ctid in outcome.value or ()]


def _shown(table: str, row: dict[str, Any], said: str) -> str:
    """Return `users (id=2, email=NULL, …)`: of many columns the first, and those that the text names."""
    words = set(_WORD.findall(said))
    ranked = sorted(row, key=lambda name: name not in words)
    few = {*list(row)[:1], *ranked[: _MOST_COLUMNS - 1]} if len(row) > _MOST_COLUMNS else {*row}
    texts = [f"{name}={_text(value)}" for name, value in row.items() if name in few]
    more = ["…"] if len(few) < len(row) else []
    name = table.replace('"', "").removeprefix("public.")
    return f"{name} ({', '.join([*texts, *more])})"


def _text(value: Any) -> str:
    if value is None:
        return "NULL"
    return shortened(repr(value) if isinstance(value, str) else str(value))


_KEY = re.compile(r"Key \((?P<columns>.*)\)=\((?P<values>.*)\) ", re.DOTALL)
_OF_REFERENCES = (Sqlstate.RESTRICT_VIOLATION, Sqlstate.FOREIGN_KEY_VIOLATION)
_REFERRED = re.compile(r'^update or delete on table ".+" violates')
_CHECK = "[ CONSTRAINT constraint ] CHECK ("
_ALTER_TYPE = "ALTER TABLE [ IF EXISTS ] [ ONLY ] table ALTER [ COLUMN ] column [ SET DATA ] TYPE"
_FURTHER_ACTION = ", { ALTER | ADD | DROP }"
_LENGTH = "{ VARCHAR | CHAR | CHARACTER } [ VARYING ] ( number )"
_REFUSED = re.compile(r'"(.*)"$', re.DOTALL)


@dataclass(frozen=True, slots=True)
class TypeChange:
    """ALTER TABLE … ALTER COLUMN … TYPE, as the statement writes it."""

    table: str
    column: str
    type: str
    using: str = ""
    """The expression of USING; empty without one."""

    @property
    def value(self) -> str:
        """The expression that is converted to the new type."""
        return self.using or self.column


def type_change(sql: str) -> TypeChange | None:
    """Return the type change that is the statement's first action, None for another statement."""
    found = next(find_all(sql, _ALTER_TYPE), None)
    if found is None:
        return None
    rest = found.rest.rstrip().removesuffix(";").strip()
    using = next(find_all(rest, "USING"), None)
    if using is None:
        return TypeChange(found["table"], found["column"], rest)
    return TypeChange(
        found["table"], found["column"], rest[: using.start].strip(), using.rest.strip()
    )


@dataclass(frozen=True, slots=True)
class RowPredicate:
    """A condition that the offending rows of a table satisfy."""

    table: str
    condition: str
    most: int = 1
    """The number of rows that are shown."""
    is_exhaustive: bool = True
    """Whether the step succeeds without these rows; else only without all rows of the table."""


@dataclass(frozen=True, slots=True)
class Named:
    """The definitions in the database of the table and the constraint that an error names."""

    columns: tuple[str, ...] = ()
    """The columns of the table, after the step was rolled back."""
    target: str = ""
    """The quoted table that the constraint references."""
    check: str = ""
    """The condition of the constraint, where it existed before the step."""


def predicates_for(message: ServerMessage, named: Named) -> Iterator[RowPredicate]:
    """Yield the conditions for the offending rows, the most precise first."""
    table = relation(message)
    yield from _of_key(message, table, named)
    # A row that was about to be written is in the detail, and nowhere to be found.
    if table and message.sqlstate == Sqlstate.NOT_NULL_VIOLATION and not message.detail:
        yield RowPredicate(table, f"{quote_identifier(message.column)} IS NULL")
        if match_start(message.sql, "ALTER TABLE") and contains(message.sql, "ADD"):
            yield RowPredicate(table, "true", is_exhaustive=False)
    if table and message.sqlstate == Sqlstate.CHECK_VIOLATION:
        is_there = contains(message.sql, "VALIDATE CONSTRAINT")
        for expression in filter(None, [named.check]) if is_there else _checks(message):
            yield RowPredicate(table, f"NOT ({expression})")
    changed = type_change(message.sql)
    length = next(find_all(changed.type, _LENGTH), None) if changed else None
    if changed and length:
        condition = f"pg_catalog.char_length(({changed.value})::pg_catalog.text)"
        yield RowPredicate(changed.table, f"{condition} > {length['number']}")


def rejected_value_predicates(
    message: ServerMessage, changed: TypeChange
) -> Iterator[RowPredicate]:
    """Yield the rows with the value that the error's message ends in, where the new type is rolled back.

    The statement must convert this column alone, without another expression.
    """
    refused = _REFUSED.search(message.message)
    is_alone = not contains(message.sql, _FURTHER_ACTION)
    is_bare = changed.value.partition("::")[0] == changed.column
    if refused is not None and message.sqlstate.startswith("22") and is_alone and is_bare:
        condition = f"({changed.column})::pg_catalog.text = {quote_literal(refused[1])}"
        yield RowPredicate(changed.table, condition, is_exhaustive=False)


def relation(message: ServerMessage) -> str:
    """Return the quoted table that the error names; empty where it names none."""
    return ".".join(map(quote_identifier, filter(None, (message.schema, message.table))))


def _of_key(message: ServerMessage, table: str, named: Named) -> Iterator[RowPredicate]:
    """Yield the rows of the key that the error's detail names."""
    key = _KEY.search(f"{message.detail} ")
    if not table or key is None:
        return
    is_reference = message.sqlstate in _OF_REFERENCES
    listed = _bare(key["columns"]) if is_reference else [*_listed(key["columns"])]
    if _REFERRED.search(message.message) is not None:
        # The key is of the table that the named one refers to.
        if named.target:
            yield RowPredicate(named.target, _written(listed, key["values"]), is_exhaustive=False)
        return
    new = [place for place, column in enumerate(listed) if _is_new(column, named.columns)]
    if new:
        yield from _beside_new(table, listed, new, key["values"])
        return
    equal = _written(listed, key["values"])
    if predicate := _index_predicate(message.sql):
        yield RowPredicate(table, f"{equal} AND ({predicate})", 2)
    yield RowPredicate(table, equal, 2)


def _index_predicate(sql: str) -> str:
    """Return the condition of a partial index, empty for another statement."""
    index = next(find_all(sql, "INDEX"), None)
    where = next(find_all(index.rest, "WHERE"), None) if index else None
    return where.rest.strip().removesuffix(";") if where else ""


def _beside_new(
    table: str, listed: Sequence[str], new: Sequence[int], values: str
) -> Iterator[RowPredicate]:
    """Yield the rows with the rest of a key whose `new` columns were rolled back."""
    texts = values.split(", ")
    if len(new) == len(listed) or len(texts) != len(listed):
        return
    written = [quote_literal(texts[i]) if i in new else column for i, column in enumerate(listed)]
    yield RowPredicate(table, _written(written, values), 2, is_exhaustive=False)


def _is_new(column: str, columns: Collection[str]) -> bool:
    """Return whether it is a column, not an expression, that the table does not have any more."""
    return is_identifier(column) and fold_identifier(column) not in columns


def _written(columns: Iterable[str], values: str) -> str:
    """Return the condition that a key is printed with these values in an error's detail."""
    texts = ", ".join(f"({column})::pg_catalog.text" for column in columns)
    return f"pg_catalog.array_to_string(ARRAY[{texts}], ', ', 'null') = {quote_literal(values)}"


def _bare(columns: str) -> list[str]:
    """Return the columns of a foreign key, which PostgreSQL prints without quotes."""
    return [quote_identifier(name) for name in columns.split(", ")]


def _listed(columns: str) -> Iterator[str]:
    """Yield the columns and expressions of a list; commas inside of parentheses do not separate."""
    depth, begin = 0, 0
    for place, character in enumerate(columns):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            yield columns[begin:place].strip()
            begin = place + 1
    yield columns[begin:].strip()


def _checks(message: ServerMessage) -> Iterator[str]:
    """Yield the condition of the check that the error names, as the statement adds it.

    PostgreSQL names a check without a name itself: it is the one where there is no other.
    """
    found = [*find_all(message.sql, _CHECK)]
    named = [
        one
        for one in found
        if one["constraint"] and fold_identifier(one["constraint"]) == message.constraint
    ]
    is_domain = match_start(message.sql, "ALTER DOMAIN") is not None
    nameless = [one for one in found if is_domain or not one["constraint"]]
    for one in named or (nameless if len(nameless) == 1 else ()):
        expression = parenthesized(message.sql, one.end)
        column = quote_identifier(message.column)
        yield replace_word(expression, "VALUE", column) if is_domain else expression
