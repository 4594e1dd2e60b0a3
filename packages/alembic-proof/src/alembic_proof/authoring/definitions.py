"""Parse the definitions of constraints and indexes, as PostgreSQL shows them, into their parts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from alembic_deploy.statements import (
    TokenKind,
    first_parenthesized,
    is_identifier,
    tokenize,
    without_parentheses,
)
from alembic_proof.catalog import CatalogObject
from alembic_proof.sql import split_qualified_name, unquote_identifier

_NAME = r'(?:"(?:[^"]|"")*"|[^\s(),."]+)'
_NAMES = rf"{_NAME}(?:, {_NAME})*"
_ACTION = "NO ACTION|RESTRICT|CASCADE|SET NULL|SET DEFAULT"
"""Without a list of columns, which SQLAlchemy 1.4 refuses."""
_DEFERRED = r"(?P<deferrable> DEFERRABLE)?(?P<deferred> INITIALLY DEFERRED)?"
_KEY = re.compile(
    rf"(?P<kind>PRIMARY KEY|UNIQUE)(?P<nulls> NULLS NOT DISTINCT)? \((?P<columns>{_NAMES})\){_DEFERRED}"
)
_FOREIGN_KEY = re.compile(
    rf"FOREIGN KEY \((?P<columns>{_NAMES})\) REFERENCES (?P<target>{_NAME}\.{_NAME})"
    rf"\((?P<remote>{_NAMES})\)(?: MATCH (?P<match>\w+))?(?: ON UPDATE (?P<onupdate>{_ACTION}))?"
    rf"(?: ON DELETE (?P<ondelete>{_ACTION}))?{_DEFERRED}(?P<not_valid> NOT VALID)?"
)
_CHECK = re.compile(r"CHECK (?P<condition>\(.*\))(?P<not_valid> NOT VALID)?", re.DOTALL)
_EXCLUDE = re.compile(r"EXCLUDE USING (?P<method>\w+) (?P<rest>\(.*)", re.DOTALL)
_AFTER_EXCLUDE = re.compile(rf"(?: WHERE (?P<where>\(.*\)))?{_DEFERRED}", re.DOTALL)
_INDEX = re.compile(r"(?P<unique>UNIQUE )?USING (?P<method>\w+) (?P<rest>\(.*)", re.DOTALL)
_NAME_ALONE = re.compile(_NAME)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deferral:
    """When a constraint is checked."""

    is_deferrable: bool
    is_deferred: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyDefinition:
    """A primary key or a unique constraint."""

    is_primary: bool
    columns: tuple[str, ...]
    is_null_distinct: bool
    deferral: Deferral


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignKeyDefinition:
    """A foreign key; the names are raw."""

    columns: tuple[str, ...]
    schema: str
    table: str
    remote: tuple[str, ...]
    match: str | None
    onupdate: str | None
    ondelete: str | None
    deferral: Deferral
    is_valid: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckDefinition:
    """A check; the condition has no redundant parentheses around it."""

    condition: str
    is_valid: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ExcludeDefinition:
    """An exclusion constraint."""

    method: str
    elements: tuple[tuple[str, str], ...]
    """SQL of a column or an expression, and the operator."""
    where: str | None
    deferral: Deferral


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexDefinition:
    """An index that CREATE INDEX made."""

    is_unique: bool
    method: str
    elements: tuple[str, ...]
    """SQL of the elements: columns quoted where necessary, expressions, with class and direction."""
    include: tuple[str, ...] = ()
    """Raw names of columns."""
    is_null_distinct: bool = True
    options: str = ""
    where: str | None = None


ConstraintDefinition = KeyDefinition | ForeignKeyDefinition | CheckDefinition | ExcludeDefinition


def parse_constraint(record: CatalogObject) -> ConstraintDefinition | None:
    """Return the parts of a table's constraint; None for a form that SQLAlchemy cannot express."""
    text = record.fact("definition") or ""
    if match := _KEY.fullmatch(text):
        return KeyDefinition(
            is_primary=match["kind"] == "PRIMARY KEY",
            columns=_raw_names(match["columns"]),
            is_null_distinct=match["nulls"] is None,
            deferral=_deferral(match),
        )
    if match := _FOREIGN_KEY.fullmatch(text):
        schema, table = (unquote_identifier(part) for part in split_qualified_name(match["target"]))
        return ForeignKeyDefinition(
            columns=_raw_names(match["columns"]),
            schema=schema,
            table=table,
            remote=_raw_names(match["remote"]),
            match=match["match"],
            onupdate=match["onupdate"],
            ondelete=match["ondelete"],
            deferral=_deferral(match),
            is_valid=match["not_valid"] is None,
        )
    if match := _CHECK.fullmatch(text):
        return CheckDefinition(
            condition=without_parentheses(match["condition"]), is_valid=match["not_valid"] is None
        )
    return _parse_exclude(text)


def _parse_exclude(text: str) -> ExcludeDefinition | None:
    """Return the parts of an exclusion constraint whose elements have no operator class."""
    match = _EXCLUDE.fullmatch(text)
    inside, rest = first_parenthesized(match["rest"]) if match else ("", "")
    after = _AFTER_EXCLUDE.fullmatch(rest)
    parts = [element.rpartition(" WITH ") for element in split_commas(inside)]
    elements = tuple((expression, operator) for expression, _, operator in parts)
    is_plain = all(is_column(one) or one.endswith(")") for one, _ in elements)
    if match is None or after is None or not is_plain:
        return None
    return ExcludeDefinition(
        method=match["method"],
        elements=elements,
        where=None if after["where"] is None else without_parentheses(after["where"]),
        deferral=_deferral(after),
    )


def _deferral(match: re.Match[str]) -> Deferral:
    return Deferral(
        is_deferrable=match["deferrable"] is not None, is_deferred=match["deferred"] is not None
    )


def parse_index(record: CatalogObject) -> IndexDefinition | None:
    """Return the parts of an index; None for a form that SQLAlchemy cannot express."""
    match = _INDEX.fullmatch(record.fact("definition") or "")
    if match is None:
        return None
    inside, rest = first_parenthesized(match["rest"])
    include: tuple[str, ...] = ()
    if rest.startswith(" INCLUDE "):
        inner, rest = first_parenthesized(rest.removeprefix(" INCLUDE "))
        include = _raw_names(inner)
    is_null_distinct = not rest.startswith(" NULLS NOT DISTINCT")
    rest = rest.removeprefix(" NULLS NOT DISTINCT")
    options = ""
    if rest.startswith(" WITH "):
        options, rest = first_parenthesized(rest.removeprefix(" WITH "))
    where = without_parentheses(rest.removeprefix(" WHERE ")) if rest else None
    if rest and not rest.startswith(" WHERE "):
        return None
    return IndexDefinition(
        is_unique=match["unique"] is not None,
        method=match["method"],
        elements=tuple(split_commas(inside)),
        include=include,
        is_null_distinct=is_null_distinct,
        options=options,
        where=where,
    )


def _raw_names(text: str) -> tuple[str, ...]:
    return tuple(map(unquote_identifier, listed_names(text)))


def listed_names(text: str) -> tuple[str, ...]:
    """Return the names of a list of columns as they are written, quoted where necessary."""
    return tuple(_NAME_ALONE.findall(text))


def split_commas(sql: str) -> Iterator[str]:
    """Yield the items of a list, which are separated by commas outside of parentheses."""
    depth, start = 0, 0
    for token in tokenize(sql):
        depth += {"(": 1, ")": -1, "[": 1, "]": -1}.get(token.text, 0)
        if token.text == "," and depth == 0:
            yield sql[start : token.start].strip()
            start = token.end
    yield sql[start:].strip()


def is_column(element: str) -> bool:
    """Return whether an element of an index is a column alone."""
    kinds = (TokenKind.WORD, TokenKind.IDENTIFIER)
    return is_identifier(element) and tokenize(element)[0].kind in kinds
