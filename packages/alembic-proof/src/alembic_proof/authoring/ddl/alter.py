"""Find the function that alters an attribute of a kind of object."""

from __future__ import annotations

from alembic_proof.authoring.ddl import (
    columns,
    database_objects,
    grants,
    operators,
    table_objects,
    tables,
    text_search,
    types,
)
from alembic_proof.authoring.ddl.reference import Setter

_TABLES = ("table", "foreign table", "view", "materialized view")

_BY_KIND: dict[tuple[tuple[str, ...], tuple[str, ...]], Setter] = {
    (_TABLES, ("row security", "force row security")): tables.alter_switch,
    (("table", "sequence"), ("persistence",)): tables.alter_switch,
    (_TABLES, ("options", "toast options")): tables.alter_options,
    (("index",), ("options",)): tables.alter_options,
    ((*_TABLES, "index"), ("tablespace", "access method")): tables.alter_storage,
    (_TABLES, ("replica identity",)): tables.alter_replica_identity,
    (("table",), ("of type",)): tables.alter_of_type,
    (("table", "foreign table"), ("partition of",)): tables.alter_partition,
    (("table", "foreign table"), ("inherits",)): tables.alter_inherits,
    (("materialized view",), ("populated",)): tables.alter_populated,
    (("column",), ("type", "collation")): columns.alter_type,
    (("column",), ("default",)): columns.alter_default,
    (("column",), ("nullability",)): columns.alter_nullability,
    (("column",), ("generated",)): columns.alter_generated,
    (("column",), ("storage",)): columns.alter_storage,
    (("column",), ("compression",)): columns.alter_compression,
    (("column",), ("statistics target",)): columns.alter_statistics,
    (("column",), ("options",)): columns.alter_options,
    (("attribute",), ("type", "collation")): columns.alter_attribute,
    (("constraint",), ("definition",)): table_objects.alter_constraint,
    (("index",), ("definition", "table")): table_objects.alter_index,
    (("index",), ("valid", "ready")): table_objects.alter_valid,
    (("index",), ("clustered",)): table_objects.alter_clustered,
    (("index",), ("statistics targets",)): table_objects.alter_index_statistics,
    (("trigger",), ("definition",)): table_objects.alter_trigger,
    (("rule",), ("definition",)): table_objects.alter_rule,
    (("trigger", "rule", "event trigger"), ("enabled",)): table_objects.alter_enabled,
    (("event trigger",), ("event", "function", "tags")): table_objects.alter_event_trigger,
    (
        ("policy",),
        ("permissive", "command", "roles", "using", "with check"),
    ): table_objects.alter_policy,
    (("enum",), ("values",)): types.alter_enum,
    (("domain",), ("default", "nullability")): types.alter_domain,
    (
        ("sequence",),
        ("type", "increment", "start", "cache", "minimum", "maximum", "cycle", "owned by"),
    ): types.alter_sequence,
    (("extension",), ("version", "schema")): database_objects.alter_extension,
    (("identity",), ("definition",)): columns.alter_identity,
    (("foreign-data wrapper", "server"), ("options",)): database_objects.alter_foreign_options,
    (("foreign table", "column"), ("foreign options",)): database_objects.alter_foreign_options,
    (("server",), ("version",)): database_objects.alter_server_version,
    (("foreign-data wrapper",), ("handler", "validator")): database_objects.alter_wrapper_function,
    (
        ("subscription",),
        (
            *("publications", "slot", "synchronous commit", "binary", "streaming"),
            *("disable on error", "origin"),
        ),
    ): database_objects.alter_subscription,
    (("operator family",), ("operators", "functions")): operators.alter_family,
    (("text search configuration",), ("mappings",)): text_search.alter_mappings,
    (
        ("publication",),
        ("publish", "via partition root", "generated columns"),
    ): database_objects.alter_publication,
    (("published table",), ("columns", "row filter")): database_objects.alter_published,
    (("statistics",), ("target",)): table_objects.alter_statistics_target,
    (("default privileges",), ("revoked",)): grants.alter_default_privileges,
}

_SETTERS: dict[tuple[str, str], Setter] = {
    (kind, attribute): setter
    for (kinds, attributes), setter in _BY_KIND.items()
    for kind in kinds
    for attribute in attributes
}
_SHARED: dict[str, Setter] = {"owner": grants.set_owner, "comment": grants.set_comment}


def find_setter(kind: str, attribute: str) -> Setter | None:
    """Return the function that alters the attribute; None if the object must be created again."""
    if attribute.startswith("grant to "):
        is_default = kind == "default privileges"
        return grants.alter_default_privileges if is_default else grants.set_grant
    if (kind, attribute) == ("extension", "owner"):
        return None
    return _SETTERS.get((kind, attribute)) or _SHARED.get(attribute)
