"""The statements of the models and of the history: what created an object, as its author wrote it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine

from alembic_deploy.statements import (
    STRINGS,
    Found,
    TokenKind,
    contains,
    find_all,
    fold_identifier,
    identifiers,
    match_start,
    parenthesized,
    split_statements,
    tokenize,
)
from alembic_proof.authoring.execute_sql import dedented
from alembic_proof.catalog import Catalog, CatalogObject, Key, key
from alembic_proof.sql import quote_if_needed, split_qualified_name

_CREATE = "CREATE [ OR REPLACE ]"
_IN_SCHEMA = {
    f"{_CREATE} [ RECURSIVE ] VIEW [ IF NOT EXISTS ] name": "view",
    "CREATE MATERIALIZED VIEW [ IF NOT EXISTS ] name": "materialized view",
    "CREATE STATISTICS [ IF NOT EXISTS ] name": "statistics",
}
_ON_TABLE = {
    f"{_CREATE} [ CONSTRAINT ] TRIGGER name": ("trigger", "ON"),
    "CREATE POLICY name": ("policy", "ON"),
    f"{_CREATE} RULE name": ("rule", "TO"),
}
"""The kinds that are named within a table, and the word before the table's name."""
_GLOBAL = {
    "CREATE EXTENSION [ IF NOT EXISTS ] name": "extension",
    "CREATE EVENT TRIGGER name": "event trigger",
}
_ROUTINES = {
    f"{_CREATE} FUNCTION name": "function",
    f"{_CREATE} PROCEDURE name": "procedure",
}
_ALTERED = (
    "ALTER { VIEW | MATERIALIZED VIEW | FUNCTION | PROCEDURE | STATISTICS } [ IF EXISTS ] name",
    "ALTER { POLICY | TRIGGER | RULE } name ON table",
)
_RENAME = "RENAME [ COLUMN | CONSTRAINT | ATTRIBUTE ] [ old ] TO new"
_MOVED = (
    "ALTER { TABLE | INDEX | SEQUENCE | VIEW | MATERIALIZED VIEW | FOREIGN TABLE } [ IF EXISTS ] [ ONLY ] name",
    "ALTER { FUNCTION | PROCEDURE | ROUTINE | AGGREGATE | TYPE | DOMAIN | SCHEMA | STATISTICS } name",
    "ALTER { COLLATION | OPERATOR CLASS | TEXT SEARCH CONFIGURATION | POLICY | TRIGGER | RULE } name",
)
_TABLE = "{ CREATE [ UNLOGGED ] | ALTER } TABLE [ IF NOT EXISTS | IF EXISTS ] [ ONLY ] name"
_OF_TABLE = ("SET DEFAULT", "SET EXPRESSION", "DROP CONSTRAINT", "TYPE name")
"""Actions of ALTER TABLE after which a model's own words may no longer hold."""

_BEFORE_STAR = frozenset({"SELECT", "ALL", "DISTINCT", "RETURNING"})


@contextmanager
def recorded_statements() -> Iterator[list[str]]:
    """Record the statements that PostgreSQL accepts inside of this block, as PostgreSQL gets them."""
    sent: list[str] = []

    def record(
        connection: Connection, _cursor: Any, statement: str, _values: Any, context: Any, _many: Any
    ) -> None:
        is_escaped = connection.dialect.paramstyle in ("format", "pyformat")
        is_raw = context is not None and context.execution_options.get("no_parameters", False)
        sent.append(statement.replace("%%", "%") if is_escaped and not is_raw else statement)

    event.listen(Engine, "after_cursor_execute", record)
    try:
        yield sent
    finally:
        event.remove(Engine, "after_cursor_execute", record)


def declared_texts(
    statements: Iterable[str], catalog: Catalog, *, default_schema: str = "public"
) -> dict[CatalogObject, str]:
    """Return the statements that created the objects of the catalog.

    An object that a later statement altered has none, nor one whose text has a name that was changed
    later, or takes all columns of a table (`SELECT *`) before one was altered, nor one that was created in
    another way.

    :param statements: all that were sent to create the database, in their order.
    """
    found: dict[Key, str] = {}
    for statement in _single(statements):
        if (created := _created(statement, catalog, schema=default_schema)) is not None:
            found[created] = dedented(statement)
        altered = {
            one for name in _altered_names(statement) for one in found if _is_named(one, name)
        }
        renamed = _renamed(statement)
        is_table_altered = match_start(statement, "ALTER TABLE") is not None
        found = {
            one: text
            for one, text in found.items()
            if one not in altered
            and renamed.isdisjoint(identifiers(text, within=STRINGS))
            and not (is_table_altered and takes_all_columns(text))
        }
    records = ((catalog.find(one), text) for one, text in found.items())
    return {record: _with_schema(record, text) for record, text in records if record is not None}


def takes_all_columns(text: str) -> bool:
    """Return whether the statement has `*` for the columns of a table, which means others later."""
    return any(
        token.is_word("*") and (before.text in (".", ",") or before.text.upper() in _BEFORE_STAR)
        for before, token in pairwise(tokenize(text))
    )


def _with_schema(record: CatalogObject, text: str) -> str:
    """Return the statement; for an extension with its schema, which else depends on search_path."""
    schema = record.fact("schema") if record.kind == "extension" else None
    if schema is None or contains(text, "SCHEMA"):
        return text
    return f"{text} {'' if contains(text, 'WITH') else 'WITH '}SCHEMA {schema}"


def declared_conditions(
    statements: Iterable[str], catalog: Catalog, *, default_schema: str = "public"
) -> dict[CatalogObject, str]:
    """Return the conditions of the catalog's checks, as the statements that created them have them.

    One has none if a later statement renamed a name in it or gave a column of its table another type,
    after which PostgreSQL shows and keeps it in other words.

    :param statements: all that were sent to create the database, in their order.
    """
    found: dict[Key, str] = {}
    for statement in _single(statements):
        table = match_start(statement, _TABLE)
        if table is None:
            continue
        name = _qualified(table["name"], default_schema)
        renamed = _renamed(statement)
        is_retyped = contains(table.rest, "TYPE name")
        found = {
            one: text
            for one, text in found.items()
            if not (is_retyped and one.identity.startswith(f"{name}."))
            and renamed.isdisjoint(identifiers(text))
        }
        for check in find_all(table.rest, "CONSTRAINT name CHECK"):
            start = table.rest.find("(", check.end) + 1
            condition = parenthesized(table.rest, start)
            if "\n" not in condition:
                found[key("constraint", f"{name}.{_folded(check['name'])}")] = condition.strip()
    records = ((catalog.find(one), text) for one, text in found.items())
    return {record: text for record, text in records if record is not None}


def altered_tables(
    statements: Iterable[str], catalog: Catalog, *, default_schema: str = "public"
) -> frozenset[Key]:
    """Return the tables whose defaults or constraints a statement beside the models changed."""
    found: set[Key] = set()
    for statement in _single(statements):
        table = match_start(statement, _TABLE) if match_start(statement, "ALTER") else None
        if table is not None and any(contains(table.rest, action) for action in _OF_TABLE):
            found.add(key("table", _qualified(table["name"], default_schema)))
        index = match_start(statement, "DROP INDEX [ IF EXISTS ] name")
        if index is not None:
            record = catalog.find(key("index", _qualified(index["name"], default_schema)))
            found.update(record.parents if record is not None else ())
    return frozenset(one for one in found if one.kind == "table")


def _single(statements: Iterable[str]) -> Iterator[str]:
    """Yield the statements of all scripts one by one, with the indentation of their first lines."""
    for script in statements:
        for statement in split_statements(script):
            line = script.rfind("\n", 0, statement.start) + 1
            margin = script[line : statement.start]
            yield (margin if not margin.strip() else "") + statement.text


def _created(statement: str, catalog: Catalog, *, schema: str) -> Key | None:
    """Return the key of the object that the statement creates, if the catalog has it."""
    for synopsis, kind in (*_IN_SCHEMA.items(), *_GLOBAL.items()):
        if found := match_start(statement, synopsis):
            name = _folded(found["name"])
            identity = name if kind in _GLOBAL.values() else _qualified(name, schema)
            return _known(key(kind, identity), catalog)
    for synopsis, (kind, word) in _ON_TABLE.items():
        if found := match_start(statement, synopsis):
            table = next(find_all(found.rest, f"{word} table"), None)
            if table is None:
                return None
            owner = _qualified(table["table"], schema)
            return _known(key(kind, f"{owner}.{_folded(found['name'])}"), catalog)
    for synopsis, kind in _ROUTINES.items():
        if found := match_start(statement, synopsis):
            return _routine(found, statement, kind, catalog, schema=schema)
    return None


def _known(found: Key, catalog: Catalog) -> Key | None:
    return None if catalog.find(found) is None else found


def _routine(
    found: Found, statement: str, kind: str, catalog: Catalog, *, schema: str
) -> Key | None:
    """Return the routine of that name, of several the one with the statement's body."""
    start = f"{_qualified(found['name'], schema)}("
    named = [one for one in catalog.of_kind(kind) if one.identity.startswith(start)]
    if len(named) > 1:
        body = _body(statement)
        named = [one for one in named if body and _body(one.fact("definition") or "") == body]
    return named[0].key if len(named) == 1 else None


def _body(definition: str) -> str:
    quoted = (token for token in tokenize(definition) if token.kind is TokenKind.DOLLAR)
    return next((token.quoted_text for token in quoted), "")


def _altered_names(statement: str) -> Iterator[str]:
    for synopsis in _ALTERED:
        found = match_start(statement, synopsis)
        if found is not None and not contains(found.rest, "OWNER TO name"):
            yield _folded(found["name"])


def _renamed(statement: str) -> frozenset[str]:
    """Return the raw names that the statement takes away from objects or columns."""
    found = match_start(statement, "ALTER") and next(find_all(statement, _RENAME), None)
    if found:
        return frozenset({fold_identifier(found["old"])} if found["old"] else _moved(statement))
    moved = match_start(statement, "ALTER") and contains(statement, "SET SCHEMA name")
    return _moved(statement) if moved else frozenset()


def _moved(statement: str) -> frozenset[str]:
    """Return the last part of the name of the object that the statement renames or moves."""
    for synopsis in _MOVED:
        if found := match_start(statement, synopsis):
            return frozenset({fold_identifier(split_qualified_name(found["name"])[-1])})
    return frozenset()


def _is_named(one: Key, name: str) -> bool:
    """Return whether the object may have that name, with its schema, its table or without."""
    identity = one.identity.partition("(")[0]
    return identity == name or identity.endswith(f".{name}")


def _folded(name: str) -> str:
    """Return the name, which may be qualified, as the catalog quotes it."""
    parts = split_qualified_name(name)
    return ".".join(quote_if_needed(fold_identifier(part)) for part in parts)


def _qualified(name: str, schema: str) -> str:
    folded = _folded(name)
    return folded if len(split_qualified_name(folded)) > 1 else f"{schema}.{folded}"


def without_replace(text: str) -> str:
    """Return the statement that creates an object without OR REPLACE: a revision creates it once."""
    found = match_start(text, "CREATE OR REPLACE")
    return text if found is None else f"{text[: found.start]}CREATE{found.rest}"


def with_replace(text: str) -> str:
    """Return the statement that creates a routine with OR REPLACE."""
    found = match_start(without_replace(text), "CREATE")
    return text if found is None else f"{text[: found.start]}CREATE OR REPLACE{found.rest}"
