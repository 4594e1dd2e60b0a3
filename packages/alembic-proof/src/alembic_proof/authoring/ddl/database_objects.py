"""Create and alter schemas, extensions, foreign data, publications, collations and languages."""

from __future__ import annotations

from alembic_proof.authoring.ddl.reference import Alteration, options, own_name, sql_reference
from alembic_proof.catalog.model import Catalog, CatalogObject
from alembic_proof.sql import quote_literal


def create_schema(record: CatalogObject, _catalog: Catalog) -> str:
    """Return CREATE SCHEMA."""
    return f"CREATE SCHEMA {record.identity}"


def create_extension(record: CatalogObject, _catalog: Catalog) -> str:
    """Return CREATE EXTENSION with its schema, in the version that the server installs by itself."""
    return f"CREATE EXTENSION {record.identity} WITH SCHEMA {record.fact('schema')}"


def alter_extension(at: Alteration) -> tuple[str, ...]:
    """Return UPDATE TO or SET SCHEMA."""
    after = at.after or ""
    action = (
        f"SET SCHEMA {after}" if at.attribute == "schema" else f"UPDATE TO {quote_literal(after)}"
    )
    return (f"ALTER EXTENSION {at.record.identity} {action}",)


def create_wrapper(record: CatalogObject, _catalog: Catalog) -> str:
    """Return CREATE FOREIGN DATA WRAPPER."""
    parts = [f"CREATE FOREIGN DATA WRAPPER {record.identity}"]
    for name, word in (("handler", "HANDLER"), ("validator", "VALIDATOR")):
        if (function := record.fact(name)) is not None:
            parts.append(f"{word} {function}")
    return " ".join(parts) + _options(record.fact("options"))


def alter_wrapper_function(at: Alteration) -> tuple[str, ...]:
    """Return ALTER FOREIGN DATA WRAPPER with [NO] HANDLER or [NO] VALIDATOR."""
    word = at.attribute.upper()
    action = f"NO {word}" if at.after is None else f"{word} {at.after}"
    return (f"ALTER FOREIGN DATA WRAPPER {at.record.identity} {action}",)


def create_server(record: CatalogObject, _catalog: Catalog) -> str:
    """Return CREATE SERVER."""
    parts = [f"CREATE SERVER {record.identity}"]
    parts += [
        f"{name.upper()} {quote_literal(text)}"
        for name in ("type", "version")
        if (text := record.fact(name)) is not None
    ]
    parts.append(f"FOREIGN DATA WRAPPER {record.fact('wrapper')}")
    return " ".join(parts) + _options(record.fact("options"))


def create_user_mapping(record: CatalogObject, _catalog: Catalog) -> str:
    """Return CREATE USER MAPPING; empty if it has options, of which only hashes are known."""
    return f"CREATE USER MAPPING {_mapping(record)}" if record.fact("options") is None else ""


def drop_user_mapping(record: CatalogObject) -> str:
    """Return DROP USER MAPPING."""
    return f"DROP USER MAPPING {_mapping(record)}"


def _mapping(record: CatalogObject) -> str:
    who, _, server = record.identity.removeprefix("for ").partition(" server ")
    return f"FOR {who} SERVER {server}"


def _options(text: str | None) -> str:
    found = options(text)
    pairs = ", ".join(f"{name} {quote_literal(value)}" for name, value in found.items())
    return f" OPTIONS ({pairs})" if pairs else ""


def alter_foreign_options(at: Alteration) -> tuple[str, ...]:
    """Return OPTIONS with ADD, SET and DROP."""
    old, new = options(at.before), options(at.after)
    parts = [f"DROP {name}" for name in old if name not in new]
    parts += [
        f"{'SET' if name in old else 'ADD'} {name} {quote_literal(value)}"
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
    """Return ALTER SERVER … VERSION."""
    version = "NULL" if at.after is None else quote_literal(at.after)
    return (f"ALTER SERVER {at.record.identity} VERSION {version}",)


def create_publication(record: CatalogObject, _catalog: Catalog) -> str:
    """Return CREATE PUBLICATION without tables and schemas, which are objects of their own."""
    scope = " FOR ALL TABLES" if record.fact("all tables") else ""
    parameters = ", ".join(_publication_parameters(record))
    return f"CREATE PUBLICATION {record.identity}{scope} WITH ({parameters})"


def alter_publication(at: Alteration) -> tuple[str, ...]:
    """Return ALTER PUBLICATION … SET."""
    parameters = _publication_parameters(at.record)
    if at.attribute == "generated columns" and at.after is None:
        parameters = ["publish_generated_columns = none"]
    return (f"ALTER PUBLICATION {at.record.identity} SET ({', '.join(parameters)})",)


def _publication_parameters(record: CatalogObject) -> list[str]:
    parts = [f"publish = {quote_literal(record.fact('publish') or '')}"]
    root = "true" if record.fact("via partition root") else "false"
    parts.append(f"publish_via_partition_root = {root}")
    if (generated := record.fact("generated columns")) is not None:
        parts.append(f"publish_generated_columns = {generated}")
    return parts


def add_published(record: CatalogObject, _catalog: Catalog) -> str:
    """Return ALTER PUBLICATION … ADD."""
    publication, member = _publication(record)
    if record.kind == "published schema":
        return f"ALTER PUBLICATION {publication} ADD TABLES IN SCHEMA {member}"
    columns, rows = record.fact("columns"), record.fact("row filter")
    tail = (f" ({columns})" if columns else "") + (f" WHERE {rows}" if rows else "")
    return f"ALTER PUBLICATION {publication} ADD TABLE {member}{tail}"


def drop_published(record: CatalogObject) -> str:
    """Return ALTER PUBLICATION … DROP."""
    publication, member = _publication(record)
    what = "TABLES IN SCHEMA" if record.kind == "published schema" else "TABLE"
    return f"ALTER PUBLICATION {publication} DROP {what} {member}"


def alter_published(at: Alteration) -> tuple[str, ...]:
    """Return DROP and ADD; PostgreSQL cannot change a published table."""
    return (drop_published(at.record), add_published(at.record, at.catalog))


_SUBSCRIPTION = {"none": "false", "yes": "true", "f": "off", "t": "on", "p": "parallel"}
"""The values of parameters as PostgreSQL's catalog shows them."""


def alter_subscription(at: Alteration) -> tuple[str, ...]:
    """Return ALTER SUBSCRIPTION with SET PUBLICATION, without a refresh, or with SET (…)."""
    head = f"ALTER SUBSCRIPTION {at.record.identity} SET"
    if at.attribute == "publications":
        return (f"{head} PUBLICATION {at.after} WITH (refresh = false)",)
    if at.attribute == "slot":
        return (f"{head} (slot_name = {'NONE' if at.after is None else quote_literal(at.after)})",)
    value = at.after or "none"
    value = value if at.attribute == "origin" else _SUBSCRIPTION.get(value, value)
    return (f"{head} ({at.attribute.replace(' ', '_')} = {quote_literal(value)})",)


def _publication(record: CatalogObject) -> tuple[str, str]:
    publication, *_, member = (parent.identity for parent in record.parents)
    return publication, member


_PROVIDERS = {"c": "libc", "i": "icu", "b": "builtin"}


def create_collation(record: CatalogObject, _catalog: Catalog) -> str:
    """Return CREATE COLLATION."""
    parts = [f"PROVIDER = {_PROVIDERS.get(record.fact('provider') or '', 'libc')}"]
    for name, word in (
        ("collate", "LC_COLLATE"),
        ("ctype", "LC_CTYPE"),
        ("locale", "LOCALE"),
        ("rules", "RULES"),
    ):
        if (text := record.fact(name)) is not None:
            parts.append(f"{word} = {quote_literal(text)}")
    if record.fact("deterministic") is not None:
        parts.append("DETERMINISTIC = false")
    return f"CREATE COLLATION {record.identity} ({', '.join(parts)})"


def create_conversion(record: CatalogObject, _catalog: Catalog) -> str:
    """Return CREATE [DEFAULT] CONVERSION."""
    default = "DEFAULT " if record.fact("default") else ""
    return (
        f"CREATE {default}CONVERSION {record.identity} FOR {quote_literal(record.fact('from') or '')}"
        f" TO {quote_literal(record.fact('to') or '')} FROM {record.fact('function')}"
    )


def create_language(record: CatalogObject, _catalog: Catalog) -> str:
    """Return CREATE [TRUSTED] LANGUAGE."""
    trusted = "TRUSTED " if record.fact("trusted") else ""
    words = {"handler": "HANDLER", "inline handler": "INLINE", "validator": "VALIDATOR"}
    tail = " ".join(f"{words[name]} {record.fact(name)}" for name in words if record.fact(name))
    return f"CREATE {trusted}LANGUAGE {record.identity} {tail}"


def create_transform(record: CatalogObject, _catalog: Catalog) -> str:
    """Return CREATE TRANSFORM."""
    words = {"from SQL": "FROM SQL", "to SQL": "TO SQL"}
    parts = [f"{words[n]} WITH FUNCTION {record.fact(n)}" for n in words if record.fact(n)]
    return f"CREATE {sql_reference(record)} ({', '.join(parts)})"


def create_access_method(record: CatalogObject, _catalog: Catalog) -> str:
    """Return CREATE ACCESS METHOD."""
    what = "INDEX" if record.fact("type") == "i" else "TABLE"
    return f"CREATE ACCESS METHOD {record.identity} TYPE {what} HANDLER {record.fact('handler')}"
