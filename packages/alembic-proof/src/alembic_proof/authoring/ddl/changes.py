"""Write the statements of one action of a plan."""

from __future__ import annotations

from alembic_proof.authoring.actions import Action
from alembic_proof.authoring.ddl.alter import find_setter
from alembic_proof.authoring.ddl.batches import fill_in_batches
from alembic_proof.authoring.ddl.columns import (
    SET_EXPRESSION_SINCE,
    drop_attribute,
    drop_column,
    drop_identity,
    fill_sql,
)
from alembic_proof.authoring.ddl.create import CREATABLE_KINDS, build_sql
from alembic_proof.authoring.ddl.database_objects import drop_published, drop_user_mapping
from alembic_proof.authoring.ddl.reference import Alteration, sql_reference
from alembic_proof.authoring.ddl.table_objects import NOT_VALID, create_defined, drop_constraint
from alembic_proof.authoring.ddl.tables import detach_sql
from alembic_proof.authoring.ddl.types import convert_columns, only_adds_labels, replace_types
from alembic_proof.catalog.model import Catalog, CatalogObject

_ROUTINES = ("function", "procedure")
_DROPPERS = {
    "column": drop_column,
    "attribute": drop_attribute,
    "identity": drop_identity,
    "constraint": drop_constraint,
    "user mapping": drop_user_mapping,
    "published table": drop_published,
    "published schema": drop_published,
}
_RECREATED = frozenset(
    {
        ("constraint", "definition"),
        ("index", "definition"),
        ("index", "table"),
        ("trigger", "definition"),
        ("view", "definition"),
        ("materialized view", "definition"),
        ("policy", "permissive"),
        ("policy", "command"),
    }
)
"""The attributes whose change drops the object and creates it again."""


def drop_sql(record: CatalogObject) -> str:
    """Return the DROP (or ALTER … DROP) statement; empty for an implicit object."""
    if record.is_implicit:
        return ""
    dropper = _DROPPERS.get(record.kind)
    return f"DROP {sql_reference(record)}" if dropper is None else dropper(record)


def action_sql(action: Action, *, before: Catalog, after: Catalog) -> tuple[str, ...]:
    """Return the statements of the action, in order.

    Empty if PostgreSQL has none, as for the order of a table's columns.

    :param before: the catalog before the plan.
    :param after: the catalog after the plan.
    """
    match action.verb:
        case "drop" | "create" if action.is_autocommit:
            return _concurrent_sql(action, after)
        case "drop":
            return (*detach_sql(action.record, before), drop_sql(action.record))
        case "create":
            return build_sql(action.record, after, existing=before)
        case "rename":
            return action.statements
        case "fill" | "delete":
            return _rows_sql(action)
    if action.is_replaced:
        return _replace_sql(action, before=before, after=after)
    statements: list[str] = []
    for attribute in sorted(action.attributes, key=_rank):
        statements += _alter_sql(action, attribute, after=after)
    if action.is_autocommit:
        statements = [one.replace(" VALUE ", " VALUE IF NOT EXISTS ", 1) for one in statements]
    return tuple(dict.fromkeys(statement for statement in statements if statement))


def _replace_sql(action: Action, *, before: Catalog, after: Catalog) -> tuple[str, ...]:
    types = [one for found in action.types if (one := after.find(found)) is not None]
    columns = [one for found in action.columns if (one := before.find(found)) is not None]
    creation = [sql for one in types for sql in build_sql(one, after, existing=before)]
    conversions = convert_columns(columns, types, before=before, after=after)
    return replace_types(types, creation=creation, conversions=conversions)


def _rows_sql(action: Action) -> tuple[str, ...]:
    """Return the statement that changes or deletes rows, between its settings."""
    record, expression, condition = action.record, action.expression, action.condition
    if action.batch_key:
        return (
            fill_in_batches(
                record,
                expression,
                condition=condition,
                key=action.batch_key,
                settings=action.settings,
            ),
        )
    local = "" if action.is_autocommit else "LOCAL "
    names = (one.partition("=")[0].strip() for one in action.settings)
    return (
        *(f"SET {local}{one}" for one in action.settings),
        f"DELETE FROM {record.identity}\nWHERE {condition}"
        if action.verb == "delete"
        else fill_sql(record, expression, condition=condition),
        *(f"SET {local}{name} TO DEFAULT" for name in names),
    )


def _concurrent_sql(action: Action, after: Catalog) -> tuple[str, ...]:
    """Return the statements for an index that is created or dropped while its table is written.

    A failed attempt leaves an invalid index of the same name. Source: sql-createindex, "Building
    Indexes Concurrently".
    """
    record = action.record
    drop = f"DROP INDEX CONCURRENTLY IF EXISTS {record.identity}"
    if action.verb == "drop":
        return (drop,)
    create, *rest = build_sql(record, after)
    return (drop, create.replace(" INDEX ", " INDEX CONCURRENTLY ", 1), *rest)


def _alter_sql(action: Action, attribute: str, *, after: Catalog) -> tuple[str, ...]:
    old, record = action.old, action.record
    if (record.kind, attribute) in {(kind, "definition") for kind in _ROUTINES}:
        return (create_defined(record, after),)
    setter = find_setter(record.kind, attribute)
    if setter is None:
        return ()
    at = Alteration(
        record=record,
        catalog=after,
        attribute=attribute,
        before=None if old is None else old.fact(attribute),
        after=record.fact(attribute),
        old=old,
        using=action.expression,
    )
    return setter(at)


def _rank(attribute: str) -> tuple[int, str]:
    """Owners come before grants, types before defaults, and what follows in order of its name."""
    order = ("owner", "type", "collation", "generated", "default", "nullability")
    return (order.index(attribute) if attribute in order else len(order), attribute)


def is_recreated(
    attribute: str, *, old: CatalogObject | None, new: CatalogObject | None, major: int
) -> bool:
    """Return whether the object must be dropped and created again to change the attribute.

    :param major: the server's major version.
    """
    record = new or old
    if record is None or record.is_implicit or old is None or new is None:
        return False
    if record.kind not in CREATABLE_KINDS or attribute.startswith("security label"):
        return False
    before, after = old.fact(attribute), new.fact(attribute)
    if record.kind in _ROUTINES and attribute == "definition":
        return _head(old) != _head(new)
    if record.kind == "enum" and attribute == "values":
        return not only_adds_labels(before, after)
    if record.kind == "constraint" and before == f"{after}{NOT_VALID}":
        return False
    if record.kind == "column" and attribute == "generated":
        is_plain = after is None and (before or "").endswith(" STORED")
        return not is_plain and not (before and after and major >= SET_EXPRESSION_SINCE)
    if record.kind == "policy" and attribute in ("using", "with check"):
        return after is None
    return (record.kind, attribute) in _RECREATED or find_setter(record.kind, attribute) is None


def _head(record: CatalogObject) -> list[str]:
    """Return the lines that CREATE OR REPLACE cannot change: arguments and return type."""
    return (record.fact("definition") or "").splitlines()[:2]
