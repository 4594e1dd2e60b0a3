"""Create and alter constraints, indexes, triggers, rules and policies."""

from __future__ import annotations

from alembic_deploy.statements import without_parentheses
from alembic_proof.authoring.ddl.reference import Alteration, own_name, table_of, table_reference
from alembic_proof.catalog.model import Catalog, CatalogObject
from alembic_proof.sql import unquote_identifier

NOT_VALID = " NOT VALID"
_POLICY_DEFAULTS = ("PERMISSIVE", "ALL", "PUBLIC")
_ENABLE = {
    None: "ENABLE",
    "disabled": "DISABLE",
    "replica": "ENABLE REPLICA",
    "always": "ENABLE ALWAYS",
}


def create_constraint(record: CatalogObject, _catalog: Catalog) -> str:
    """Return ALTER TABLE … ADD CONSTRAINT."""
    definition = record.fact("definition")
    return f"ALTER {table_reference(record)} ADD CONSTRAINT {own_name(record)} {definition}"


def drop_constraint(record: CatalogObject) -> str:
    """Return ALTER TABLE … DROP CONSTRAINT."""
    return f"ALTER {table_reference(record)} DROP CONSTRAINT {own_name(record)}"


def alter_constraint(at: Alteration) -> tuple[str, ...]:
    """Return VALIDATE CONSTRAINT if that suffices, else drop it and add it again."""
    if at.before == f"{at.after}{NOT_VALID}":
        return (f"ALTER {table_reference(at.record)} VALIDATE CONSTRAINT {own_name(at.record)}",)
    return (drop_constraint(at.record), create_constraint(at.record, at.catalog))


def create_index(record: CatalogObject, _catalog: Catalog) -> str:
    """Return CREATE [UNIQUE] INDEX."""
    definition = record.fact("definition") or ""
    unique = "UNIQUE " if definition.startswith("UNIQUE ") else ""
    table = record.fact("table")
    using = definition.removeprefix("UNIQUE ")
    return f"CREATE {unique}INDEX {own_name(record)} ON {table} {using}"


def alter_index(at: Alteration) -> tuple[str, ...]:
    """Return DROP and CREATE; PostgreSQL cannot change the definition of an index."""
    return (f"DROP INDEX {at.record.identity}", create_index(at.record, at.catalog))


def alter_valid(at: Alteration) -> tuple[str, ...]:
    """Return REINDEX for an index that a failed CREATE INDEX CONCURRENTLY left invalid."""
    return (f"REINDEX INDEX {at.record.identity}",) if at.after is None else ()


def alter_clustered(at: Alteration) -> tuple[str, ...]:
    """Return CLUSTER ON, or SET WITHOUT CLUSTER."""
    table = next((p for p in at.record.parents if p.kind in ("table", "materialized view")), None)
    if table is None:
        return ()
    action = "SET WITHOUT CLUSTER" if at.after is None else f"CLUSTER ON {own_name(at.record)}"
    return (f"ALTER {table.kind.upper()} {table.identity} {action}",)


def alter_index_statistics(at: Alteration) -> tuple[str, ...]:
    """Return SET STATISTICS on the index's expressions."""
    old, new = (
        dict(pair.split("=") for pair in (text or "").split(", ") if pair)
        for text in (at.before, at.after)
    )
    return tuple(
        f"ALTER INDEX {at.record.identity} ALTER COLUMN {number} SET STATISTICS {new.get(number, '-1')}"
        for number in sorted(old.keys() | new.keys())
        if old.get(number) != new.get(number)
    )


def alter_statistics_target(at: Alteration) -> tuple[str, ...]:
    """Return ALTER STATISTICS … SET STATISTICS."""
    return (f"ALTER STATISTICS {at.record.identity} SET STATISTICS {at.after or '-1'}",)


def create_defined(record: CatalogObject, _catalog: Catalog) -> str:
    """Return the definition of a trigger, rule, function or statistics as PostgreSQL renders it."""
    return (record.fact("definition") or "").rstrip().removesuffix(";")


def create_routine(record: CatalogObject, catalog: Catalog) -> str:
    """Return CREATE FUNCTION or PROCEDURE, which must not exist."""
    return create_defined(record, catalog).replace("CREATE OR REPLACE ", "CREATE ", 1)


def alter_trigger(at: Alteration) -> tuple[str, ...]:
    """Return DROP, CREATE, and the command for the enabled state."""
    state = at.record.fact("enabled")
    return (
        f"DROP TRIGGER {own_name(at.record)} ON {table_of(at.record)}",
        create_defined(at.record, at.catalog),
        *(alter_enabled(_state_of(at, state)) if state is not None else ()),
    )


def alter_rule(at: Alteration) -> tuple[str, ...]:
    """Return CREATE OR REPLACE RULE."""
    return (
        create_defined(at.record, at.catalog).replace("CREATE RULE", "CREATE OR REPLACE RULE", 1),
    )


def alter_enabled(at: Alteration) -> tuple[str, ...]:
    """Return ENABLE, DISABLE, ENABLE REPLICA or ENABLE ALWAYS."""
    verb = _ENABLE[at.after]
    if at.record.kind == "event trigger":
        return (f"ALTER EVENT TRIGGER {at.record.identity} {verb}",)
    what = f"{at.record.kind.upper()} {own_name(at.record)}"
    return (f"ALTER TABLE {table_of(at.record)} {verb} {what}",)


def _state_of(at: Alteration, state: str) -> Alteration:
    return Alteration(
        record=at.record, catalog=at.catalog, attribute="enabled", before=None, after=state
    )


def create_policy(record: CatalogObject, _catalog: Catalog) -> str:
    """Return CREATE POLICY."""
    parts = [f"CREATE POLICY {own_name(record)} ON {table_of(record)}"]
    words = (("AS", "permissive"), ("FOR", "command"), ("TO", "roles"))
    for word, attribute in words:
        value = record.fact(attribute)
        if value not in _POLICY_DEFAULTS:
            parts.append(f"{word} {value}")
    for word, attribute in (("USING", "using"), ("WITH CHECK", "with check")):
        if (condition := record.fact(attribute)) is not None:
            parts.append(f"{word} ({without_parentheses(condition)})")
    return " ".join(parts)


def alter_policy(at: Alteration) -> tuple[str, ...]:
    """Return ALTER POLICY, or DROP and CREATE for what it cannot change."""
    policy = f"POLICY {own_name(at.record)} ON {table_of(at.record)}"
    if at.after is None or at.attribute in ("permissive", "command"):
        return (f"DROP {policy}", create_policy(at.record, at.catalog))
    if at.attribute == "roles":
        return (f"ALTER {policy} TO {at.after}",)
    return (f"ALTER {policy} {at.attribute.upper()} ({without_parentheses(at.after)})",)


def create_event_trigger(record: CatalogObject, _catalog: Catalog) -> str:
    """Return CREATE EVENT TRIGGER."""
    tags = record.fact("tags")
    when = f" WHEN TAG IN ({tags})" if tags is not None else ""
    return (
        f"CREATE EVENT TRIGGER {record.identity} ON {unquote_identifier(record.fact('event') or '')}{when}"
        f" EXECUTE FUNCTION {record.fact('function')}()"
    )


def alter_event_trigger(at: Alteration) -> tuple[str, ...]:
    """Return DROP, CREATE, and the command for the enabled state."""
    state = at.record.fact("enabled")
    return (
        f"DROP EVENT TRIGGER {at.record.identity}",
        create_event_trigger(at.record, at.catalog),
        *(alter_enabled(_state_of(at, state)) if state is not None else ()),
    )
