"""A record -> the one statement that makes the object."""

from __future__ import annotations

from collections.abc import Callable

from alembic_proof.catalog.ddl import attached, columns, outside, rare, spaces, tables, types
from alembic_proof.catalog.model import Catalog, CatalogObject

_Creator = Callable[[CatalogObject, Catalog], str]

_CREATORS: dict[str, _Creator] = {
    "schema": spaces.create_schema,
    "extension": spaces.create_extension,
    "table": tables.create_table,
    "foreign table": tables.create_table,
    "view": tables.create_view,
    "materialized view": tables.create_view,
    "column": columns.add_column,
    "attribute": columns.add_attribute,
    "identity": columns.add_identity,
    "sequence": types.create_sequence,
    "enum": types.create_enum,
    "domain": types.create_domain,
    "composite type": types.create_composite,
    "range": types.create_range,
    "type": types.create_shell,
    "constraint": attached.create_constraint,
    "index": attached.create_index,
    "trigger": attached.create_defined,
    "rule": attached.create_defined,
    "function": attached.create_defined,
    "procedure": attached.create_defined,
    "statistics": attached.create_defined,
    "policy": attached.create_policy,
    "event trigger": attached.create_event_trigger,
    "foreign-data wrapper": outside.create_wrapper,
    "server": outside.create_server,
    "user mapping": outside.create_user_mapping,
    "publication": outside.create_publication,
    "published table": outside.add_published,
    "published schema": outside.add_published,
    "aggregate": rare.create_aggregate,
    "operator": rare.create_operator,
    "operator family": rare.create_operator_family,
    "cast": rare.create_cast,
    "collation": rare.create_collation,
    "conversion": rare.create_conversion,
    "text search dictionary": rare.create_dictionary,
    "text search configuration": rare.create_configuration,
    "text search parser": rare.create_parser,
    "text search template": rare.create_template,
    "language": rare.create_language,
    "transform": rare.create_transform,
    "access method": rare.create_access_method,
}

OFFERED = frozenset(_CREATORS)
"""The kinds that a statement can be proposed for."""


def create_sql(record: CatalogObject, catalog: Catalog) -> str:
    """The CREATE (or ALTER … ADD) statement; empty where none is offered."""
    creator = _CREATORS.get(record.kind)
    return "" if creator is None else creator(record, catalog)
