"""Two catalogs -> what differs, each difference once, at the object that it belongs to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from alembic_proof.catalog.change import Change
from alembic_proof.catalog.model import COLUMN_ORDER, Catalog, CatalogObject, Key, Kind
from alembic_proof.finding import Severity

_Side = Mapping[Key, CatalogObject]
ORDER_OF_COLUMNS = Kind("column-order")
_TABLES = frozenset({"table", "foreign table"})
_CAUSES = {"inherited": "inherits"}
"""An attribute that changes with one of the table that carries the object."""
_NAME = re.compile(r'"(?:[^"]|"")*"|[^", ]+')


def diff(before: Catalog, after: Catalog, *, column_order: bool = False) -> tuple[Change, ...]:
    """What `after` lacks, has too much or has otherwise; sorted, empty when they are equal.

    PostgreSQL cannot move a column of a table: another order of them is no difference, or a note
    with `column_order`. Of views and composite types it is an error.

    What a missing or unexpected object carries is not listed, nor what only follows the same
    change of an inherited-from or partitioned table. diff(b, a) mirrors diff(a, b).
    """
    if before == after:
        return ()
    old = {record.key: record for record in before.objects}
    new = {record.key: record for record in after.objects}
    found = {
        key: tuple(_compare(key, old=old, new=new))
        for key in old.keys() | new.keys()
        if old.get(key) != new.get(key)
    }
    own = (
        change
        for key, changes in found.items()
        for change in changes
        if (column_order or not _is_order_in_table(change))
        and not _follows(change, records=(old.get(key), new.get(key)), found=found)
    )
    return tuple(sorted(own, key=_order))


def _compare(key: Key, *, old: _Side, new: _Side) -> Iterator[Change]:
    match _visible(old.get(key)), _visible(new.get(key)):
        case None, None:
            yield from _compare_implicit(key, old=old, new=new)
        case CatalogObject() as record, None:
            if not _goes_with_a_parent(record, own=old, other=new):
                yield _presence(record, is_missing=True)
        case None, CatalogObject() as record:
            if not _goes_with_a_parent(record, own=new, other=old):
                yield _presence(record, is_missing=False)
        case CatalogObject() as one, CatalogObject() as other:
            yield from _compare_facts(key, dict(one.facts), dict(other.facts))


def _visible(record: CatalogObject | None) -> CatalogObject | None:
    return None if record is None or record.is_implicit else record


def _compare_implicit(key: Key, *, old: _Side, new: _Side) -> Iterator[Change]:
    """An implicit object that is not there has its parents but nothing to say."""
    one, other = old.get(key), new.get(key)
    if one is None and other is not None and _goes_with_a_parent(other, own=new, other=old):
        return
    if other is None and one is not None and _goes_with_a_parent(one, own=old, other=new):
        return
    yield from _compare_facts(
        key, dict(one.facts if one else ()), dict(other.facts if other else ())
    )


def _goes_with_a_parent(record: CatalogObject, *, own: _Side, other: _Side) -> bool:
    return any(parent in own and parent not in other for parent in record.parents)


def _presence(record: CatalogObject, *, is_missing: bool) -> Change:
    said = record.fact("definition") or "present"
    return Change(
        kind=record.kind,
        identity=record.identity,
        before=said if is_missing else None,
        after=None if is_missing else said,
        severity=_severity(record.kind),
    )


def _compare_facts(key: Key, old: dict[str, str], new: dict[str, str]) -> Iterator[Change]:
    for attribute in sorted(old.keys() | new.keys()):
        before, after = old.get(attribute), new.get(attribute)
        if attribute == COLUMN_ORDER:
            yield from _compare_order(key, before or "", after or "")
        elif before != after and not _changes_hands(attribute, before, after):
            yield Change(
                kind=key.kind,
                identity=key.identity,
                attribute=attribute,
                before=before,
                after=after,
                severity=_severity(key.kind),
            )


def _changes_hands(attribute: str, before: str | None, after: str | None) -> bool:
    """A sequence that comes to belong to a column has its table's owner, none of its own."""
    return attribute == "owner" and (before is None or after is None)


def _compare_order(key: Key, before: str, after: str) -> Iterator[Change]:
    """Only the columns that both have: a missing one is a change of its own."""
    old, new = _NAME.findall(before), _NAME.findall(after)
    both = set(old) & set(new)
    kept_old = [name for name in old if name in both]
    kept_new = [name for name in new if name in both]
    if kept_old != kept_new:
        yield Change(
            kind=ORDER_OF_COLUMNS,
            identity=key.identity,
            attribute="order",
            before=", ".join(kept_old),
            after=", ".join(kept_new),
            severity=Severity.NOTE if key.kind in _TABLES else Severity.ERROR,
        )


def _is_order_in_table(change: Change) -> bool:
    return change.kind == ORDER_OF_COLUMNS and change.severity is Severity.NOTE


def _severity(kind: str) -> Severity:
    return Severity.NOTE if kind == "database" else Severity.ERROR


def _follows(
    change: Change,
    *,
    records: tuple[CatalogObject | None, CatalogObject | None],
    found: Mapping[Key, tuple[Change, ...]],
) -> bool:
    """What the object is inherited from has changed in the same way, or its table's parents."""
    said = (change.attribute, change.before, change.after)
    cause = _CAUSES.get(change.attribute or "")
    for record in records:
        if record is None:
            continue
        same = found.get(record.origin, ()) if record.origin is not None else ()
        if any((other.attribute, other.before, other.after) == said for other in same):
            return True
        above = (other for parent in record.parents for other in found.get(parent, ()))
        if cause is not None and any(other.attribute == cause for other in above):
            return True
    return False


def _order(change: Change) -> tuple[str, str, str]:
    return change.kind, change.identity, change.attribute or ""
