"""A change, or all of a diff -> the statements that turn one catalog into the other."""

from __future__ import annotations

from collections.abc import Iterable

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

    What others stand on (types, functions, schemas) goes last of all.
    """
    ordered = sorted(changes, key=lambda change: _turn(change, before=before, after=after))
    statements = (part for change in ordered for part in change_sql(change, before, after))
    return tuple(dict.fromkeys(statement for statement in statements if statement))


def _turn(change: Change, *, before: Catalog, after: Catalog) -> tuple[int, int, int]:
    """Owners come before grants, generated columns after what they are made of."""
    place = creation_order(change.kind)
    record = before.find(change.key) or after.find(change.key)
    rank = int(record is not None and record.fact("generated") is not None)
    if change.attribute == "owner":
        rank = -1
    if not change.is_missing:
        return 1, place, rank
    return (2 if change.kind in FOUNDATIONS else 0), -place, -rank
