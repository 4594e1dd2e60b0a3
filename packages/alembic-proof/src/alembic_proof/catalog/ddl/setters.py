"""Which setter serves which attribute of which kind."""

from __future__ import annotations

from alembic_proof.catalog.ddl import attached, columns, outside, shared, spaces, tables, types
from alembic_proof.catalog.ddl.alteration import Setter

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
    (("constraint",), ("definition",)): attached.alter_constraint,
    (("index",), ("definition", "table")): attached.alter_index,
    (("index",), ("valid", "ready")): attached.alter_valid,
    (("index",), ("clustered",)): attached.alter_clustered,
    (("index",), ("statistics targets",)): attached.alter_index_statistics,
    (("trigger",), ("definition",)): attached.alter_trigger,
    (("rule",), ("definition",)): attached.alter_rule,
    (("trigger", "rule", "event trigger"), ("enabled",)): attached.alter_enabled,
    (("event trigger",), ("event", "function", "tags")): attached.alter_event_trigger,
    (
        ("policy",),
        ("permissive", "command", "roles", "using", "with check"),
    ): attached.alter_policy,
    (("enum",), ("values",)): types.alter_enum,
    (("domain",), ("default", "nullability")): types.alter_domain,
    (
        ("sequence",),
        ("type", "increment", "start", "cache", "minimum", "maximum", "cycle", "owned by"),
    ): types.alter_sequence,
    (("extension",), ("version", "schema")): spaces.alter_extension,
    (("identity",), ("definition",)): columns.alter_identity,
    (("foreign-data wrapper", "server"), ("options",)): outside.alter_foreign_options,
    (("foreign table", "column"), ("foreign options",)): outside.alter_foreign_options,
    (("server",), ("version",)): outside.alter_server_version,
    (
        ("publication",),
        ("publish", "via partition root", "generated columns"),
    ): outside.alter_publication,
    (("published table",), ("columns", "row filter")): outside.alter_published,
    (("statistics",), ("target",)): outside.alter_statistics_target,
    (("default privileges",), ("revoked",)): outside.alter_default_privileges,
}

_SETTERS: dict[tuple[str, str], Setter] = {
    (kind, attribute): setter
    for (kinds, attributes), setter in _BY_KIND.items()
    for kind in kinds
    for attribute in attributes
}
_SHARED: dict[str, Setter] = {"owner": shared.set_owner, "comment": shared.set_comment}


def setter_of(kind: str, attribute: str) -> Setter | None:
    """The setter, None where the object has to be made anew."""
    if attribute.startswith("grant to "):
        is_ahead = kind == "default privileges"
        return outside.alter_default_privileges if is_ahead else shared.set_grant
    if (kind, attribute) == ("extension", "owner"):
        return None
    return _SETTERS.get((kind, attribute)) or _SHARED.get(attribute)
