"""The objects with a row that was written since an earlier reading, in catalogs that have moved."""

from __future__ import annotations

from collections.abc import Iterator

from alembic_proof.catalog.queries.frame import FIRST_USER_OID
from alembic_proof.catalog.queries.live import LIVE
from alembic_proof.catalog.queries.moved import has_moved, is_in
from alembic_proof.catalog.queries.routine import when
from alembic_proof.catalog.queries.telling import kept_apart

_PARTS = {
    "pg_attribute": ("pg_class", "attrelid"),
    "pg_attrdef": ("pg_class", "adrelid"),
    "pg_index": ("pg_class", "indexrelid"),
    "pg_sequence": ("pg_class", "seqrelid"),
    "pg_inherits": ("pg_class", "inhrelid"),
    "pg_foreign_table": ("pg_class", "ftrelid"),
    "pg_partitioned_table": ("pg_class", "partrelid"),
    "pg_enum": ("pg_type", "enumtypid"),
    "pg_range": ("pg_type", "rngtypid"),
    "pg_aggregate": ("pg_proc", "aggfnoid"),
    # Whether a foreign key's triggers are switched off is told with the key.
    "pg_trigger": ("pg_constraint", "tgconstraint"),
}
"""Catalogs whose rows are parts of an object in another catalog."""
_WHOLLY = frozenset({"pg_class", "pg_type", "pg_proc"})
"""Where initdb's own objects can change as well: their privileges."""

_IS_USERS = f"x.{{}} >= {FIRST_USER_OID}"
"""The condition that spares what initdb made, by an index."""

FRESH_SOURCES = (*LIVE, *_PARTS, "pg_description")


def fresh() -> Iterator[str]:
    """The statements that add what is not older than `span` transactions to the variables."""
    for name in LIVE:
        users = _found(name, oid="oid", condition=_IS_USERS.format("oid"), of=name)
        if name in _WHOLLY:
            everything = _found(name, oid="oid", condition="true", of=name)
            users = f"IF {is_in(name, 'rewritten')} THEN\n{everything}\nELSE\n{users}\nEND IF;"
        yield when(has_moved(name), users)
    for name, (of, oid) in _PARTS.items():
        users = _found(name, oid=oid, condition=_IS_USERS.format(oid), of=of)
        yield when(has_moved(name), users)
    said = f"""(SELECT x.classoid, x.objoid FROM pg_description AS x
            WHERE age(x.xmin) <= span AND {_IS_USERS.format("objoid")}) AS t (class, oid)"""
    yield when(has_moved("pg_description"), kept_apart(said))


def _found(name: str, *, oid: str, condition: str, of: str) -> str:
    return f"""of_{of} := of_{of} || ARRAY(SELECT x.{oid} FROM {name} AS x
            WHERE age(x.xmin) <= span AND {condition});"""
