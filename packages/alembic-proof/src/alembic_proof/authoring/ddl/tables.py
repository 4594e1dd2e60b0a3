"""Create and alter tables, partitions, foreign tables and views."""

from __future__ import annotations

from collections.abc import Iterator

from alembic_proof.authoring.ddl.columns import column_definition
from alembic_proof.authoring.ddl.reference import Alteration, assignments, options, sql_reference
from alembic_proof.catalog.model import COLUMN_ORDER, Catalog, CatalogObject

STATED = frozenset(
    {
        COLUMN_ORDER,
        "definition",
        "persistence",
        "partitioned by",
        "partition of",
        "inherits",
        "of type",
        "access method",
        "options",
        "toast options",
        "tablespace",
        "server",
        "foreign options",
        "populated",
    }
)
"""The attributes that are part of CREATE."""

_SWITCHES = {
    "row security": ("ENABLE ROW LEVEL SECURITY", "DISABLE ROW LEVEL SECURITY"),
    "force row security": ("FORCE ROW LEVEL SECURITY", "NO FORCE ROW LEVEL SECURITY"),
    "persistence": ("SET UNLOGGED", "SET LOGGED"),
}


def create_table(record: CatalogObject, catalog: Catalog) -> str:
    """Return CREATE TABLE with the columns that are the table's own."""
    unlogged = "UNLOGGED " if record.fact("persistence") else ""
    foreign = "FOREIGN " if record.kind == "foreign table" else ""
    tail = "".join(f" {part}" for part in _tail(record))
    return f"CREATE {unlogged}{foreign}TABLE {record.identity}{_body(record, catalog)}{tail}"


def create_view(record: CatalogObject, _catalog: Catalog) -> str:
    """Return CREATE [MATERIALIZED] VIEW with its options."""
    tail = "".join(f" {part}" for part in _storage(record))
    query = (record.fact("definition") or "").strip().removesuffix(";")
    empty = " WITH NO DATA" if record.fact("populated") == "no" else ""
    return f"CREATE {sql_reference(record)}{tail} AS\n{query}{empty}"


def alter_switch(at: Alteration) -> tuple[str, ...]:
    """Return the command that turns row security or UNLOGGED on or off."""
    on, off = _SWITCHES[at.attribute]
    return (f"ALTER {sql_reference(at.record)} {off if at.after is None else on}",)


def alter_options(at: Alteration) -> tuple[str, ...]:
    """Return RESET for removed options and SET for new ones."""
    prefix = "toast." if at.attribute == "toast options" else ""
    old, new = options(at.before), options(at.after)
    gone = ", ".join(f"{prefix}{name}" for name in old if name not in new)
    come = {name: value for name, value in new.items() if old.get(name) != value}
    statements = (
        f"ALTER {sql_reference(at.record)} RESET ({gone})" if gone else "",
        f"ALTER {sql_reference(at.record)} SET ({assignments(come, prefix=prefix)})"
        if come
        else "",
    )
    return tuple(statement for statement in statements if statement)


def alter_storage(at: Alteration) -> tuple[str, ...]:
    """Move the table to another tablespace or access method."""
    default = "pg_default" if at.attribute == "tablespace" else "heap"
    return (f"ALTER {sql_reference(at.record)} SET {at.attribute.upper()} {at.after or default}",)


def alter_replica_identity(at: Alteration) -> tuple[str, ...]:
    """Return REPLICA IDENTITY."""
    after = at.after or "default"
    by = f"USING INDEX {after[6:]}" if after.startswith("index ") else after.upper()
    return (f"ALTER TABLE {at.record.identity} REPLICA IDENTITY {by}",)


def alter_of_type(at: Alteration) -> tuple[str, ...]:
    """Return OF TYPE, or NOT OF."""
    return (
        f"ALTER {sql_reference(at.record)} {'NOT OF' if at.after is None else f'OF {at.after}'}",
    )


def alter_partition(at: Alteration) -> tuple[str, ...]:
    """Return DETACH and ATTACH PARTITION."""
    detach = _partition("DETACH", at, at.before)
    return tuple(part for part in (detach, _partition("ATTACH", at, at.after)) if part)


def _partition(verb: str, at: Alteration, place: str | None) -> str:
    if place is None:
        return ""
    table, bound = split_partition(place)
    tail = f" {bound}" if verb == "ATTACH" else ""
    return f"ALTER TABLE {table} {verb} PARTITION {at.record.identity}{tail}"


def detach_sql(record: CatalogObject, catalog: Catalog) -> tuple[str, ...]:
    """Return DETACH PARTITION if a foreign key refers to the partitioned table.

    PostgreSQL does not drop a partition of such a table. Source: ddl-partitioning.
    """
    table, _ = split_partition(record.fact("partition of") or "")
    target = f" REFERENCES {table}("
    is_referenced = any(
        target in (one.fact("definition") or "") for one in catalog.of_kind("constraint")
    )
    if not table or not is_referenced:
        return ()
    return (f"ALTER TABLE {table} DETACH PARTITION {record.identity}",)


def split_partition(place: str) -> tuple[str, str]:
    """Split the attribute `partition of` into the partitioned table and the bound."""
    for word in (" FOR VALUES ", " DEFAULT"):
        table, found, rest = place.partition(word)
        if found:
            return table, (word + rest).strip()
    return place, ""


def alter_inherits(at: Alteration) -> tuple[str, ...]:
    """Return NO INHERIT for removed parents and INHERIT for new ones."""
    old, new = (set(value.split(", ")) if value else set() for value in (at.before, at.after))
    return (
        *(f"ALTER {sql_reference(at.record)} NO INHERIT {name}" for name in sorted(old - new)),
        *(f"ALTER {sql_reference(at.record)} INHERIT {name}" for name in sorted(new - old)),
    )


def alter_populated(at: Alteration) -> tuple[str, ...]:
    """Return REFRESH MATERIALIZED VIEW, WITH NO DATA to empty it."""
    empty = " WITH NO DATA" if at.after == "no" else ""
    return (f"REFRESH MATERIALIZED VIEW {at.record.identity}{empty}",)


def _body(record: CatalogObject, catalog: Catalog) -> str:
    if (place := record.fact("partition of")) is not None:
        return " PARTITION OF {} {}".format(*split_partition(place))
    if (of_type := record.fact("of type")) is not None:
        return f" OF {of_type}"
    lines = ",\n".join(f"    {column_definition(column)}" for column in _own(record, catalog))
    return f" (\n{lines}\n)" if lines else " ()"


def _own(record: CatalogObject, catalog: Catalog) -> list[CatalogObject]:
    """Return the columns that the table does not inherit, in their order."""
    order = record.fact(COLUMN_ORDER) or ""
    own = [
        child
        for child in catalog.children(record.key)
        if child.kind == "column" and (child.origin is None or child.fact("inherited"))
    ]
    return sorted(own, key=lambda column: _place(column, record=record, order=order))


def _place(column: CatalogObject, *, record: CatalogObject, order: str) -> int:
    name = column.identity[len(record.identity) + 1 :]
    return f", {order}, ".find(f", {name}, ")


def _tail(record: CatalogObject) -> Iterator[str]:
    if (inherits := record.fact("inherits")) is not None:
        yield f"INHERITS ({inherits})"
    if (key := record.fact("partitioned by")) is not None:
        yield f"PARTITION BY {key}"
    yield from _storage(record)
    if (server := record.fact("server")) is not None:
        yield f"SERVER {server}"
        found = options(record.fact("foreign options"))
        if found:
            yield f"OPTIONS ({assignments(found).replace(' = ', ' ')})"


def _storage(record: CatalogObject) -> Iterator[str]:
    method = record.fact("access method")
    if method not in (None, "heap"):
        yield f"USING {method}"
    found = assignments(options(record.fact("options")))
    toast = assignments(options(record.fact("toast options")), prefix="toast.")
    if found or toast:
        yield f"WITH ({', '.join(part for part in (found, toast) if part)})"
    if (tablespace := record.fact("tablespace")) is not None:
        yield f"TABLESPACE {tablespace}"
