"""Refer to catalog objects in SQL, and describe one attribute's change."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from alembic_proof.catalog.acl import OWNER, PUBLIC
from alembic_proof.catalog.model import Catalog, CatalogObject, Key
from alembic_proof.sql import (
    plain_literals,
    quote_if_needed,
    quote_literal,
    split_qualified_name,
    unquote_identifier,
    unquote_literal,
)


def role(name: str, *, owner: str) -> str:
    """Return the name of a grantee for SQL; OWNER becomes the object's owner."""
    if name == PUBLIC:
        return PUBLIC
    if name == OWNER:
        return quote_if_needed(owner)
    return quote_if_needed(name[1:-1] if name in (f'"{PUBLIC}"', f'"{OWNER}"') else name)


def own_name(record: CatalogObject) -> str:
    """Return the identity's last part, still quoted: `email` of `public.users.email`."""
    return split_qualified_name(record.identity)[-1]


def raw_name(record: CatalogObject) -> str:
    """Return the identity's last part without quotes, as SQLAlchemy takes names."""
    return unquote_identifier(own_name(record))


def first_name(record: CatalogObject) -> str:
    """Return the identity's first part, the schema of an object that is in one."""
    return split_qualified_name(record.identity)[0]


def table_of(record: CatalogObject) -> str:
    """Return the identity without its last part: `public.users` of `public.users.email`."""
    return record.identity[: -len(own_name(record)) - 1]


def relation_of(record: CatalogObject) -> Key:
    """Return the key of the relation or type that the object is a part of; else its own key."""
    return next((one for one in record.parents if one.kind != "schema"), record.key)


def options(text: str | None) -> dict[str, str]:
    """Parse the text of an options attribute: literals, each `name=value`."""
    pairs = (unquote_literal(item).partition("=") for item in plain_literals(text))
    return {name: value for name, _, value in pairs}


def assignments(found: dict[str, str], *, prefix: str = "") -> str:
    """Return the options for ALTER … SET and WITH."""
    return ", ".join(f"{prefix}{name} = {quote_literal(value)}" for name, value in found.items())


_NOUNS = {
    "enum": "TYPE",
    "range": "TYPE",
    "composite type": "TYPE",
    "attribute": "COLUMN",
    "foreign-data wrapper": "FOREIGN DATA WRAPPER",
    "identity": "SEQUENCE",
}
_ON_TABLE = frozenset({"constraint", "trigger", "rule", "policy"})
_GRANTED_AS_TABLE = frozenset({"table", "view", "materialized view", "foreign table"})
_GRANTED_AS_TYPE = frozenset({"enum", "range", "composite type", "domain", "type"})
_GRANTED_AS_FUNCTION = {"aggregate": "FUNCTION", "server": "FOREIGN SERVER"}
_SEQUENCE_NAME = re.compile(r'SEQUENCE NAME ((?:"(?:[^"]|"")*"|[^" )])+)')


def keyword(record: CatalogObject) -> str:
    """Return the keyword after CREATE, ALTER and DROP, such as TABLE."""
    return _NOUNS.get(record.kind, record.kind.upper())


def sql_reference(record: CatalogObject) -> str:
    """Return the object's reference for COMMENT ON and DROP: `TRIGGER t ON public.users`."""
    if record.kind == "identity":
        return f"SEQUENCE {sequence_of(record)}"
    if record.kind == "aggregate" and record.identity.endswith("()"):
        return f"AGGREGATE {record.identity[:-2]}(*)"
    if record.kind not in _ON_TABLE:
        return f"{keyword(record)} {record.identity}"
    domain = "DOMAIN " if is_on_domain(record) else ""
    return f"{keyword(record)} {own_name(record)} ON {domain}{table_of(record)}"


def grant_target(record: CatalogObject) -> str:
    """Return the object's reference for GRANT and REVOKE, with ON but without columns."""
    if record.kind == "column":
        return f"ON TABLE {table_of(record)}"
    if record.kind in _GRANTED_AS_TABLE:
        return f"ON TABLE {record.identity}"
    if record.kind == "identity":
        return f"ON {sql_reference(record)}"
    if record.kind in _GRANTED_AS_TYPE:
        return f"ON TYPE {record.identity}"
    return f"ON {_GRANTED_AS_FUNCTION.get(record.kind, keyword(record))} {record.identity}"


def table_reference(record: CatalogObject) -> str:
    """Return the reference of the table of a column, constraint, trigger or rule."""
    for parent in record.parents:
        if parent.identity == table_of(record):
            return f"{parent.kind.upper()} {parent.identity}"
    return f"TABLE {table_of(record)}"


def sequence_of(record: CatalogObject) -> str:
    """Return the name of an identity's sequence."""
    match = _SEQUENCE_NAME.search(record.fact("definition") or "")
    return match[1] if match else ""


def is_on_domain(record: CatalogObject) -> bool:
    """Return whether a constraint belongs to a domain."""
    return any(parent.kind == "domain" for parent in record.parents)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alteration:
    """A change of one attribute of one object."""

    record: CatalogObject
    """The object after the change."""
    catalog: Catalog
    """The catalog after the change."""
    attribute: str
    before: str | None
    after: str | None
    old: CatalogObject | None = None
    """The object before the change; None while it is created."""
    using: str = ""
    """The expression that converts a column's values to another type; empty for a plain cast."""

    @property
    def owner(self) -> str:
        """The owner of the object, or of its table; empty if it is unknown."""
        return _owner_of(self.record, self.catalog)


def _owner_of(record: CatalogObject, catalog: Catalog) -> str:
    """Return the object's owner, else that of its nearest parent."""
    if (owner := record.fact("owner")) is not None:
        return owner
    parents = (catalog.find(key) for key in reversed(record.parents))
    return next((_owner_of(parent, catalog) for parent in parents if parent is not None), "")


Setter = Callable[[Alteration], tuple[str, ...]]
"""Returns the statements that set the attribute's new value; empty if PostgreSQL has none."""
