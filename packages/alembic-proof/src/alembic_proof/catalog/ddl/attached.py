"""What hangs on a table: constraints, indexes, triggers, rules and policies."""

from __future__ import annotations

from alembic_proof.catalog.ddl.address import table_address
from alembic_proof.catalog.ddl.alteration import Alteration
from alembic_proof.catalog.ddl.names import own_name, table_of
from alembic_proof.catalog.model import Catalog, CatalogObject
from alembic_proof.catalog.names import unquoted

NOT_VALID = " NOT VALID"
_ENABLE = {
    None: "ENABLE",
    "disabled": "DISABLE",
    "replica": "ENABLE REPLICA",
    "always": "ENABLE ALWAYS",
}


def create_constraint(record: CatalogObject, _catalog: Catalog) -> str:
    """ALTER TABLE … ADD CONSTRAINT."""
    definition = record.fact("definition")
    return f"ALTER {table_address(record)} ADD CONSTRAINT {own_name(record)} {definition}"


def drop_constraint(record: CatalogObject) -> str:
    """ALTER TABLE … DROP CONSTRAINT."""
    return f"ALTER {table_address(record)} DROP CONSTRAINT {own_name(record)}"


def alter_constraint(at: Alteration) -> tuple[str, ...]:
    """VALIDATE it where that is all that is needed, else make it anew."""
    if at.before == f"{at.after}{NOT_VALID}":
        return (f"ALTER {table_address(at.record)} VALIDATE CONSTRAINT {own_name(at.record)}",)
    return (drop_constraint(at.record), create_constraint(at.record, at.catalog))


def create_index(record: CatalogObject, _catalog: Catalog) -> str:
    """CREATE [UNIQUE] INDEX; TABLESPACE stands before WHERE."""
    definition = record.fact("definition") or ""
    unique = "UNIQUE " if definition.startswith("UNIQUE ") else ""
    table = record.fact("table")
    using = definition.removeprefix("UNIQUE ")
    return f"CREATE {unique}INDEX {own_name(record)} ON {table} {using}"


def alter_index(at: Alteration) -> tuple[str, ...]:
    """DROP and CREATE: PostgreSQL has no way to change what an index is made of."""
    return (f"DROP INDEX {at.record.identity}", create_index(at.record, at.catalog))


def alter_valid(at: Alteration) -> tuple[str, ...]:
    """REINDEX what a failed CREATE INDEX CONCURRENTLY left behind."""
    return (f"REINDEX INDEX {at.record.identity}",) if at.after is None else ()


def alter_clustered(at: Alteration) -> tuple[str, ...]:
    """Mark the index as the one that CLUSTER uses, or none."""
    table = next((p for p in at.record.parents if p.kind in ("table", "materialized view")), None)
    if table is None:
        return ()
    action = "SET WITHOUT CLUSTER" if at.after is None else f"CLUSTER ON {own_name(at.record)}"
    return (f"ALTER {table.kind.upper()} {table.identity} {action}",)


def alter_index_statistics(at: Alteration) -> tuple[str, ...]:
    """SET STATISTICS on the index's expressions."""
    old, new = (
        dict(pair.split("=") for pair in (text or "").split(", ") if pair)
        for text in (at.before, at.after)
    )
    return tuple(
        f"ALTER INDEX {at.record.identity} ALTER COLUMN {number} SET STATISTICS {new.get(number, '-1')}"
        for number in sorted(old.keys() | new.keys())
        if old.get(number) != new.get(number)
    )


def create_defined(record: CatalogObject, _catalog: Catalog) -> str:
    """The whole command as PostgreSQL renders it: triggers, rules, functions, statistics."""
    return (record.fact("definition") or "").rstrip().removesuffix(";")


def alter_trigger(at: Alteration) -> tuple[str, ...]:
    """DROP and CREATE, and the enabled state with it."""
    state = at.record.fact("enabled")
    return (
        f"DROP TRIGGER {own_name(at.record)} ON {table_of(at.record)}",
        create_defined(at.record, at.catalog),
        *(alter_enabled(_state_of(at, state)) if state is not None else ()),
    )


def alter_rule(at: Alteration) -> tuple[str, ...]:
    """CREATE OR REPLACE RULE."""
    return (
        create_defined(at.record, at.catalog).replace("CREATE RULE", "CREATE OR REPLACE RULE", 1),
    )


def alter_enabled(at: Alteration) -> tuple[str, ...]:
    """ENABLE, DISABLE, ENABLE REPLICA or ENABLE ALWAYS."""
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
    """CREATE POLICY."""
    parts = [
        f"CREATE POLICY {own_name(record)} ON {table_of(record)}",
        f"AS {record.fact('permissive')}",
        f"FOR {record.fact('command')}",
        f"TO {record.fact('roles')}",
    ]
    if (using := record.fact("using")) is not None:
        parts.append(f"USING ({using})")
    if (check := record.fact("with check")) is not None:
        parts.append(f"WITH CHECK ({check})")
    return " ".join(parts)


def alter_policy(at: Alteration) -> tuple[str, ...]:
    """ALTER POLICY; what it cannot change is made anew."""
    policy = f"POLICY {own_name(at.record)} ON {table_of(at.record)}"
    if at.after is None or at.attribute in ("permissive", "command"):
        return (f"DROP {policy}", create_policy(at.record, at.catalog))
    if at.attribute == "roles":
        return (f"ALTER {policy} TO {at.after}",)
    return (f"ALTER {policy} {at.attribute.upper()} ({at.after})",)


def create_event_trigger(record: CatalogObject, _catalog: Catalog) -> str:
    """CREATE EVENT TRIGGER."""
    tags = record.fact("tags")
    when = f" WHEN TAG IN ({tags})" if tags is not None else ""
    return (
        f"CREATE EVENT TRIGGER {record.identity} ON {unquoted(record.fact('event') or '')}{when}"
        f" EXECUTE FUNCTION {record.fact('function')}()"
    )


def alter_event_trigger(at: Alteration) -> tuple[str, ...]:
    """DROP and CREATE, and the enabled state with it."""
    state = at.record.fact("enabled")
    return (
        f"DROP EVENT TRIGGER {at.record.identity}",
        create_event_trigger(at.record, at.catalog),
        *(alter_enabled(_state_of(at, state)) if state is not None else ()),
    )
