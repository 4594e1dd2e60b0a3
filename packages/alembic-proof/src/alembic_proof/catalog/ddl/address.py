"""How SQL speaks of an object: `TABLE public.users`, `TRIGGER t ON public.users`."""

from __future__ import annotations

import re

from alembic_proof.catalog.ddl.names import own_name, table_of
from alembic_proof.catalog.model import CatalogObject

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


def noun(record: CatalogObject) -> str:
    """The word after CREATE, ALTER and DROP."""
    return _NOUNS.get(record.kind, record.kind.upper())


def address(record: CatalogObject) -> str:
    """What COMMENT ON, DROP and ALTER … RENAME call the object."""
    if record.kind == "identity":
        return f"SEQUENCE {sequence_of(record)}"
    if record.kind == "aggregate" and record.identity.endswith("()"):
        return f"AGGREGATE {record.identity[:-2]}(*)"
    if record.kind not in _ON_TABLE:
        return f"{noun(record)} {record.identity}"
    domain = "DOMAIN " if is_on_domain(record) else ""
    return f"{noun(record)} {own_name(record)} ON {domain}{table_of(record)}"


def grant_target(record: CatalogObject) -> str:
    """What GRANT and REVOKE call the object, ON included; columns stand before it."""
    if record.kind == "column":
        return f"ON {table_of(record)}"
    if record.kind in _GRANTED_AS_TABLE:
        return f"ON {record.identity}"
    if record.kind == "identity":
        return f"ON {address(record)}"
    if record.kind in _GRANTED_AS_TYPE:
        return f"ON TYPE {record.identity}"
    return f"ON {_GRANTED_AS_FUNCTION.get(record.kind, noun(record))} {record.identity}"


def table_address(record: CatalogObject) -> str:
    """`ALTER` target of what a column, constraint, trigger or rule hangs on."""
    for parent in record.parents:
        if parent.identity == table_of(record):
            return f"{parent.kind.upper()} {parent.identity}"
    return f"TABLE {table_of(record)}"


def sequence_of(record: CatalogObject) -> str:
    """The sequence that an identity draws from."""
    match = _SEQUENCE_NAME.search(record.fact("definition") or "")
    return match[1] if match else ""


def is_on_domain(record: CatalogObject) -> bool:
    """Whether a constraint is a domain's."""
    return any(parent.kind == "domain" for parent in record.parents)
