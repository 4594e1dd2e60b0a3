"""A change, or all of a diff -> the statements that turn one catalog into the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from alembic_proof.catalog.change import Change
from alembic_proof.catalog.ddl import outside
from alembic_proof.catalog.ddl.address import address
from alembic_proof.catalog.ddl.alteration import Alteration
from alembic_proof.catalog.ddl.attached import drop_constraint
from alembic_proof.catalog.ddl.build import build_sql
from alembic_proof.catalog.ddl.columns import drop_attribute, drop_column, drop_identity
from alembic_proof.catalog.ddl.create import create_sql
from alembic_proof.catalog.ddl.order import FOUNDATIONS, creation_order
from alembic_proof.catalog.ddl.setters import setter_of
from alembic_proof.catalog.model import Catalog, CatalogObject

_REPLACED = frozenset({"function", "procedure"})
_DROPPERS = {
    "column": drop_column,
    "attribute": drop_attribute,
    "identity": drop_identity,
    "constraint": drop_constraint,
    "user mapping": outside.drop_user_mapping,
    "published table": outside.drop_published,
    "published schema": outside.drop_published,
}
_RANKS = {"owner": -1, "type": -1, "collation": -1}


def drop_sql(record: CatalogObject, catalog: Catalog) -> str:
    """The DROP (or ALTER … DROP) statement; empty for what only goes with its parents."""
    if record.is_implicit:
        return ""
    if record.kind in _DROPPERS:
        return _DROPPERS[record.kind](record)
    is_full = record.kind == "schema" and catalog.children(record.key)
    return f"DROP {address(record)}{' CASCADE' if is_full else ''}"


def change_sql(change: Change, before: Catalog, after: Catalog) -> tuple[str, ...]:
    """The statements that turn `before` into `after` as far as this change goes.

    Empty where PostgreSQL has no statement for it, as for the order of columns.
    """
    old, new = before.find(change.key), after.find(change.key)
    if change.is_missing:
        return () if old is None else (drop_sql(old, before),)
    if change.is_unexpected:
        return () if new is None else build_sql(new, after, standing=before)
    record = new or old
    if record is None or change.attribute is None:
        return ()
    setter = setter_of(change.kind, change.attribute)
    if setter is None:
        return _anew(record, before=before, after=after)
    return setter(
        Alteration(
            record=record,
            catalog=after,
            attribute=change.attribute,
            before=change.before,
            after=change.after,
            old=old,
        )
    )


def _anew(record: CatalogObject, *, before: Catalog, after: Catalog) -> tuple[str, ...]:
    """Replace it where CREATE OR REPLACE does, else drop it and make it again."""
    if record.is_implicit or not create_sql(record, after):
        return ()
    if record.kind in _REPLACED and _returns_the_same(record, before=before):
        return (create_sql(record, after),)
    return (drop_sql(record, before), *build_sql(record, after, standing=before))


def _returns_the_same(record: CatalogObject, *, before: Catalog) -> bool:
    """CREATE OR REPLACE refuses another return type or other argument names."""
    old = before.find(record.key)
    return old is not None and _head(old) == _head(record)


def _head(record: CatalogObject) -> list[str]:
    return (record.fact("definition") or "").splitlines()[:2]


def changes_sql(changes: Iterable[Change], before: Catalog, after: Catalog) -> tuple[str, ...]:
    """The statements for all of a diff: first what goes, then what changes, then what comes.

    What is made anew goes first as well, and comes back in its turn. What others stand on
    (types, functions, schemas) goes last of all.
    """
    turns = [turn for change in changes for turn in _turns(change, before=before, after=after)]
    ordered = sorted(turns, key=lambda turn: turn[0])
    return tuple(dict.fromkeys(statement for _, statement in ordered if statement))


_Turn = tuple[tuple[int, int, int], str]


def _turns(change: Change, *, before: Catalog, after: Catalog) -> Iterator[_Turn]:
    """Each statement with its turn: owners before grants, types before defaults."""
    old, new = before.find(change.key), after.find(change.key)
    place = creation_order(change.kind)
    is_generated = any(one is not None and one.fact("generated") is not None for one in (old, new))
    rank = _RANKS.get(change.attribute or "", int(is_generated))
    going = (2 if change.kind in FOUNDATIONS else 0), -place, -rank
    drop = None if old is None else drop_sql(old, before)
    for statement in change_sql(change, before, after):
        is_drop = statement == drop and (change.is_missing or change.kind not in FOUNDATIONS)
        yield (going if is_drop else (1, place, rank)), statement
