"""Foreign data, publications, default privileges: what looks beyond the database or ahead."""

from __future__ import annotations

import re

from alembic_proof.catalog.acl import OWNER
from alembic_proof.catalog.ddl.alteration import Alteration
from alembic_proof.catalog.ddl.names import literal, options, own_name, role
from alembic_proof.catalog.model import Catalog, CatalogObject
from alembic_proof.catalog.names import unquoted

_PRIVILEGES_OF = re.compile(
    r"for role (?P<role>.+?)(?: in schema (?P<schema>.+))? on (?P<objects>[a-z ]+)"
)


def create_wrapper(record: CatalogObject, _catalog: Catalog) -> str:
    """CREATE FOREIGN DATA WRAPPER."""
    parts = [f"CREATE FOREIGN DATA WRAPPER {record.identity}"]
    for name, word in (("handler", "HANDLER"), ("validator", "VALIDATOR")):
        if (function := record.fact(name)) is not None:
            parts.append(f"{word} {function}")
    return " ".join(parts) + _options(record.fact("options"))


def create_server(record: CatalogObject, _catalog: Catalog) -> str:
    """CREATE SERVER."""
    parts = [f"CREATE SERVER {record.identity}"]
    parts += [
        f"{name.upper()} {literal(text)}"
        for name in ("type", "version")
        if (text := record.fact(name)) is not None
    ]
    parts.append(f"FOREIGN DATA WRAPPER {record.fact('wrapper')}")
    return " ".join(parts) + _options(record.fact("options"))


def create_user_mapping(record: CatalogObject, _catalog: Catalog) -> str:
    """CREATE USER MAPPING; its options are not known here, only their digests."""
    return f"CREATE USER MAPPING {_mapping(record)}" if record.fact("options") is None else ""


def drop_user_mapping(record: CatalogObject) -> str:
    """DROP USER MAPPING."""
    return f"DROP USER MAPPING {_mapping(record)}"


def _mapping(record: CatalogObject) -> str:
    who, _, server = record.identity.removeprefix("for ").partition(" server ")
    return f"FOR {who} SERVER {server}"


def _options(text: str | None) -> str:
    found = options(text)
    pairs = ", ".join(f"{name} {literal(value)}" for name, value in found.items())
    return f" OPTIONS ({pairs})" if pairs else ""


def alter_foreign_options(at: Alteration) -> tuple[str, ...]:
    """ADD, SET and DROP options of a wrapper, a server, a foreign table or its column."""
    old, new = options(at.before), options(at.after)
    parts = [f"DROP {name}" for name in old if name not in new]
    parts += [
        f"{'SET' if name in old else 'ADD'} {name} {literal(value)}"
        for name, value in new.items()
        if old.get(name) != value
    ]
    return (f"ALTER {_target(at.record)} OPTIONS ({', '.join(parts)})",)


def _target(record: CatalogObject) -> str:
    words = {"foreign-data wrapper": "FOREIGN DATA WRAPPER"}
    if record.kind == "column":
        table = record.identity[: -len(own_name(record)) - 1]
        return f"FOREIGN TABLE {table} ALTER COLUMN {own_name(record)}"
    return f"{words.get(record.kind, record.kind.upper())} {record.identity}"


def alter_server_version(at: Alteration) -> tuple[str, ...]:
    """ALTER SERVER … VERSION."""
    version = "NULL" if at.after is None else literal(at.after)
    return (f"ALTER SERVER {at.record.identity} VERSION {version}",)


def create_publication(record: CatalogObject, _catalog: Catalog) -> str:
    """CREATE PUBLICATION; its tables and schemas are objects of their own."""
    scope = " FOR ALL TABLES" if record.fact("all tables") else ""
    parameters = ", ".join(_parameters(record))
    return f"CREATE PUBLICATION {record.identity}{scope} WITH ({parameters})"


def alter_publication(at: Alteration) -> tuple[str, ...]:
    """ALTER PUBLICATION … SET."""
    parameters = _parameters(at.record)
    if at.attribute == "generated columns" and at.after is None:
        parameters = ["publish_generated_columns = none"]
    return (f"ALTER PUBLICATION {at.record.identity} SET ({', '.join(parameters)})",)


def _parameters(record: CatalogObject) -> list[str]:
    parts = [f"publish = {literal(record.fact('publish') or '')}"]
    root = "true" if record.fact("via partition root") else "false"
    parts.append(f"publish_via_partition_root = {root}")
    if (generated := record.fact("generated columns")) is not None:
        parts.append(f"publish_generated_columns = {generated}")
    return parts


def add_published(record: CatalogObject, _catalog: Catalog) -> str:
    """ALTER PUBLICATION … ADD."""
    publication, member = _publication(record)
    if record.kind == "published schema":
        return f"ALTER PUBLICATION {publication} ADD TABLES IN SCHEMA {member}"
    columns, rows = record.fact("columns"), record.fact("row filter")
    tail = (f" ({columns})" if columns else "") + (f" WHERE {rows}" if rows else "")
    return f"ALTER PUBLICATION {publication} ADD TABLE {member}{tail}"


def drop_published(record: CatalogObject) -> str:
    """ALTER PUBLICATION … DROP."""
    publication, member = _publication(record)
    what = "TABLES IN SCHEMA" if record.kind == "published schema" else "TABLE"
    return f"ALTER PUBLICATION {publication} DROP {what} {member}"


def alter_published(at: Alteration) -> tuple[str, ...]:
    """Leave the publication and come back in the new form."""
    return (drop_published(at.record), add_published(at.record, at.catalog))


def _publication(record: CatalogObject) -> tuple[str, str]:
    publication, *_, member = (parent.identity for parent in record.parents)
    return publication, member


def alter_statistics_target(at: Alteration) -> tuple[str, ...]:
    """ALTER STATISTICS … SET STATISTICS."""
    return (f"ALTER STATISTICS {at.record.identity} SET STATISTICS {at.after or '-1'}",)


def alter_default_privileges(at: Alteration) -> tuple[str, ...]:
    """ALTER DEFAULT PRIVILEGES, GRANT and REVOKE."""
    match = _PRIVILEGES_OF.fullmatch(at.record.identity)
    if match is None:
        return ()
    schema = f" IN SCHEMA {match['schema']}" if match["schema"] else ""
    head = f"ALTER DEFAULT PRIVILEGES FOR ROLE {match['role']}{schema}"
    objects = f"ON {match['objects'].upper()}"
    if at.attribute == "revoked":
        old, new = (set(_items(text)) for text in (at.before, at.after))
        return (
            *(
                _put("GRANT", item, head, objects, to="TO", owner=match["role"])
                for item in sorted(old - new)
            ),
            *(
                _put("REVOKE", item, head, objects, to="FROM", owner=match["role"])
                for item in sorted(new - old)
            ),
        )
    grantee = at.attribute.removeprefix("grant to ")
    old, new = (set((text or "").split(", ")) - {""} for text in (at.before, at.after))
    who = role(grantee, owner=unquoted(match["role"]))
    return (
        *(f"{head} REVOKE {word} {objects} FROM {who}" for word in sorted(old - new)),
        *(f"{head} GRANT {word} {objects} TO {who}" for word in sorted(new - old)),
    )


def _items(text: str | None) -> list[str]:
    return [item for item in (text or "").split(", ") if item]


def _put(verb: str, item: str, head: str, objects: str, *, to: str, owner: str) -> str:
    privilege, _, grantee = item.partition(" from ")
    return f"{head} {verb} {privilege} {objects} {to} {owner if grantee == OWNER else grantee}"
