"""Compare two catalogs: each difference once, at the object that it belongs to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import unified_diff

from alembic_proof.catalog.model import (
    COLUMN_ORDER,
    Catalog,
    CatalogObject,
    Key,
    Kind,
    ObjectIdentity,
)
from alembic_proof.catalog.queries.statement import OBJECT_QUERIES
from alembic_proof.finding import Severity

NOTHING = "none"
"""The text of an attribute that an object does not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference between two catalogs, `before` (expected) and `after`."""

    kind: Kind
    identity: ObjectIdentity
    attribute: str | None = None
    """None if the object itself is missing or unexpected."""
    before: str | None = None
    after: str | None = None
    severity: Severity = Severity.ERROR
    """A note if no statement can undo it, or if it depends on the installation; else an error."""

    @property
    def key(self) -> Key:
        """The key of the object."""
        return Key(self.kind, self.identity)

    @property
    def is_missing(self) -> bool:
        """Whether only `before` has the object."""
        return self.attribute is None and self.after is None

    @property
    def is_unexpected(self) -> bool:
        """Whether only `after` has the object."""
        return self.attribute is None and self.before is None

    @property
    def subject(self) -> str:
        """The object and, unless the kind of object implies it, the attribute."""
        if self.attribute in (None, "definition", "values", "order"):
            return str(self.key)
        return f"{self.key}, {self.attribute}"

    def __str__(self) -> str:
        if self.is_missing:
            return f"{self.subject}: missing"
        if self.is_unexpected:
            return f"{self.subject}: unexpected"
        return f"{self.subject}: {_transition(self.before, self.after)}"


def _transition(before: str | None, after: str | None) -> str:
    old = NOTHING if before is None else before
    new = NOTHING if after is None else after
    if "\n" not in old and "\n" not in new:
        return f"{old} -> {new}"
    lines = unified_diff(old.splitlines(), new.splitlines(), n=1, lineterm="")
    changed = [line for line in list(lines)[2:] if not line.startswith("@@")]
    return "\n".join(["changed", *(f"    {line}" for line in changed)])


_Side = Mapping[Key, CatalogObject]
ORDER_OF_COLUMNS = Kind("column-order")
_TABLES = frozenset({"table", "foreign table"})
_CAUSES = {"inherited": "inherits"}
"""Attributes that follow from an attribute of the object's table."""
_NAME = re.compile(r'"(?:[^"]|"")*"|[^", ]+')


def diff(before: Catalog, after: Catalog, *, column_order: bool = False) -> tuple[Change, ...]:
    """Return the differences of two catalogs, sorted by object; empty if they are equal.

    If an object is missing or unexpected, its columns, indexes and grants are not listed. A change
    that a partition or child table only inherits is listed at its parent. diff(b, a) mirrors
    diff(a, b).

    :param column_order: report a different order of a table's columns as a note. PostgreSQL cannot
        change that order. The order of the columns of a view or composite type is always an error.

    Example: `for change in diff(expected, found): print(change)` prints lines such as
    `column public.users.email, nullability: NOT NULL -> NULL`.
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
        and not _is_consequence(change, records=(old.get(key), new.get(key)), found=found)
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
    """Compare the attributes of an implicit object; a missing one has no attributes."""
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
    definition = record.fact("definition") or "present"
    return Change(
        kind=record.kind,
        identity=record.identity,
        before=definition if is_missing else None,
        after=None if is_missing else definition,
        severity=_severity(record.kind),
    )


def _compare_facts(key: Key, old: dict[str, str], new: dict[str, str]) -> Iterator[Change]:
    for attribute in sorted(old.keys() | new.keys()):
        before, after = old.get(attribute), new.get(attribute)
        if attribute == COLUMN_ORDER:
            yield from _compare_order(key, before or "", after or "")
        elif before != after and not _is_owner_of_one_side(attribute, before, after):
            yield Change(
                kind=key.kind,
                identity=key.identity,
                attribute=attribute,
                before=before,
                after=after,
                severity=_severity(key.kind),
            )


def _is_owner_of_one_side(attribute: str, before: str | None, after: str | None) -> bool:
    """Return whether only one side has an owner: a sequence owned by a column has none itself."""
    return attribute == "owner" and (before is None or after is None)


def _compare_order(key: Key, before: str, after: str) -> Iterator[Change]:
    """Compare the order of the columns that both have."""
    old, new = _NAME.findall(before), _NAME.findall(after)
    both = set(old) & set(new)
    kept_old = [name for name in old if name in both]
    kept_new = [name for name in new if name in both]
    if kept_old != kept_new:
        yield Change(
            kind=ORDER_OF_COLUMNS,
            identity=key.identity,
            attribute="order",
            before=_differing_columns(kept_old, kept_new),
            after=_differing_columns(kept_new, kept_old),
            severity=Severity.NOTE if key.kind in _TABLES else Severity.ERROR,
        )


def _differing_columns(names: list[str], others: list[str]) -> str:
    """Return the names without those at both ends that have the same place in the other list.

    `…` shows where names are left out: `…, locale, created_at`.
    """
    same = [one == other for one, other in zip(names, others, strict=True)]
    first, last = same.index(False), len(same) - same[::-1].index(False)
    start, end = ["…"] if first else [], ["…"] if last < len(names) else []
    return ", ".join([*start, *names[first:last], *end])


def _is_order_in_table(change: Change) -> bool:
    return change.kind == ORDER_OF_COLUMNS and change.severity is Severity.NOTE


def _severity(kind: str) -> Severity:
    return Severity.NOTE if kind == "database" else Severity.ERROR


def _is_consequence(
    change: Change,
    *,
    records: tuple[CatalogObject | None, CatalogObject | None],
    found: Mapping[Key, tuple[Change, ...]],
) -> bool:
    """Return whether the object's origin has the same change, or the change follows from its table."""
    values = (change.attribute, change.before, change.after)
    cause = _CAUSES.get(change.attribute or "")
    for record in records:
        if record is None:
            continue
        same = found.get(record.origin, ()) if record.origin is not None else ()
        if any((other.attribute, other.before, other.after) == values for other in same):
            return True
        of_parents = (other for parent in record.parents for other in found.get(parent, ()))
        if cause is not None and any(other.attribute == cause for other in of_parents):
            return True
    return False


def _order(change: Change) -> tuple[str, str, str]:
    return change.kind, change.identity, change.attribute or ""


KINDS = tuple(sorted({ORDER_OF_COLUMNS, *(kind for one in OBJECT_QUERIES for kind in one.kinds)}))
