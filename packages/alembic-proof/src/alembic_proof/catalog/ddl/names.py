"""SQL names and literals out of what a catalog record holds."""

from __future__ import annotations

import re

from sqlalchemy.dialects.postgresql.base import PGDialect, PGIdentifierPreparer
from sqlalchemy.sql.compiler import IdentifierPreparer

from alembic_proof.catalog.acl import OWNER, PUBLIC
from alembic_proof.catalog.model import CatalogObject
from alembic_proof.catalog.names import split_name

# Of a paramstyle to which a per cent sign in a name is no parameter: it would be doubled.
_DIALECT = PGDialect(paramstyle="named")  # type: ignore[no-untyped-call]  # SQLAlchemy's own lack
_PREPARER: IdentifierPreparer = PGIdentifierPreparer(_DIALECT)
_LITERAL = re.compile(r"'(?:[^']|'')*'")


def literal(text: str) -> str:
    """The text as a SQL string literal."""
    quoted = "'" + text.replace("'", "''") + "'"
    return quoted if "\\" not in text else "E" + quoted.replace("\\", "\\\\")


def role(name: str, *, owner: str) -> str:
    """A grantee as SQL names it; `owner` is who the object's owner is."""
    if name == PUBLIC:
        return PUBLIC
    if name == OWNER:
        return quoted(owner)
    return quoted(name[1:-1] if name in (f'"{PUBLIC}"', f'"{OWNER}"') else name)


def quoted(name: str) -> str:
    """The raw name, quoted where SQL needs it."""
    return _PREPARER.quote(name)


def own_name(record: CatalogObject) -> str:
    """The last part of the identity, quoted as it is there: `email` of `public.users.email`."""
    return split_name(record.identity)[-1]


def first_name(record: CatalogObject) -> str:
    """The first part of the identity: the schema of what lies in one."""
    return split_name(record.identity)[0]


def table_of(record: CatalogObject) -> str:
    """The identity without its last part: `public.users` of `public.users.email`."""
    return record.identity[: -len(own_name(record)) - 1]


def options(text: str | None) -> dict[str, str]:
    """Name to value of an options fact: a list of literals, each `name=value`."""
    pairs = (item[1:-1].replace("''", "'").partition("=") for item in _LITERAL.findall(text or ""))
    return {name: value for name, _, value in pairs}


def assignments(found: dict[str, str], *, prefix: str = "") -> str:
    """The options as ALTER … SET and WITH want them."""
    return ", ".join(f"{prefix}{name} = {literal(value)}" for name, value in found.items())
