"""Plan the actions that turn one database into another, in an order that PostgreSQL accepts.

What depends on an object that is dropped, or changed in a way that PostgreSQL refuses while there are
dependents, is dropped before it and created again after it. Dependencies come from pg_depend.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from graphlib import TopologicalSorter

from alembic_proof.authoring.actions import Action, Actions
from alembic_proof.authoring.ddl import (
    DEFAULT_PRIVILEGES,
    action_sql,
    is_created_with_parent,
    is_recreated,
)
from alembic_proof.authoring.definitions import listed_names
from alembic_proof.authoring.order import edges_of, in_order, parts_in_cycles
from alembic_proof.authoring.sides import RELATIONS, TYPES, Side, object_of
from alembic_proof.catalog import CatalogObject, Key, Snapshot, diff, key
from alembic_proof.catalog.diff import ORDER_OF_COLUMNS
from alembic_proof.catalog.model import COLUMN_ORDER
from alembic_proof.catalog.snapshot import DEFAULT
from alembic_proof.finding import Severity

_REBUILT_BY_POSTGRES = frozenset({"constraint", "index", "statistics", DEFAULT})
"""What ALTER COLUMN … TYPE rebuilds by itself. Source: sql-altertable, "Notes"."""
_ATTRIBUTES = "attributes"
"""What is said to change of a composite type: the types or the order of its attributes."""


def plan(before: Snapshot, after: Snapshot) -> Actions:
    """Return the actions that turn `before` into `after`; empty if they are equal.

    Example: `plan(history, models)` is an upgrade, `plan(models, history)` its downgrade.
    """
    work = _Changes(Side.of(before), Side.of(after))
    work.collect_changes()
    work.rebuild_dependents()
    actions = tuple(sorted(work.actions(), key=lambda action: (action.verb, action.key)))
    edges = edges_of(actions, before=work.before, after=work.after)
    while parts := parts_in_cycles(actions, edges, before=work.before):
        actions += parts
        edges = edges_of(actions, before=work.before, after=work.after)
    return in_order(actions, edges, after=after.catalog)


def plan_sql(before: Snapshot, after: Snapshot) -> tuple[str, ...]:
    """Return the statements that turn `before` into `after`, in order."""
    return tuple(
        statement
        for action in plan(before, after)
        for statement in action_sql(action, before=before.catalog, after=after.catalog)
    )


@dataclass(slots=True)
class _Changes:
    """The changes found so far, while they are collected."""

    before: Side
    after: Side
    dropped: dict[Key, bool] = field(default_factory=dict)
    """The objects to drop, and whether only because of others."""
    created: dict[Key, bool] = field(default_factory=dict)
    altered: dict[Key, list[str]] = field(default_factory=dict)
    replaced: set[Key] = field(default_factory=set)
    """The types that are made a second time, with conversion of their columns."""
    without_default: set[Key] = field(default_factory=set)
    """The columns whose default is dropped first and set again."""

    def collect_changes(self) -> None:
        """Note what `diff` reports; objects that it reports with their parents come one by one."""
        for change in diff(self.before.catalog, self.after.catalog):
            if change.severity is not Severity.ERROR:
                continue
            if change.attribute is None:
                continue
            self._note_alteration(change.key, change.attribute)
        for one in sorted(self.before.objects.keys() & self.after.objects.keys()):
            if one.kind == "composite type" and not self._is_extended(one):
                self._note_alteration(one, _ATTRIBUTES)
        for one, record in self.before.objects.items():
            if one not in self.after.objects and _is_object(record):
                self.dropped.setdefault(one, False)
        for one, record in self.after.objects.items():
            if one not in self.before.objects and _is_object(record):
                self.created.setdefault(one, False)

    def _is_extended(self, type_: Key) -> bool:
        """Return whether the attributes that it keeps are its first ones, in their old order."""
        old, new = (
            listed_names(side.objects[type_].fact(COLUMN_ORDER) or "")
            for side in (self.before, self.after)
        )
        kept = tuple(name for name in old if name in new)
        return new[: len(kept)] == kept

    def _note_alteration(self, changed: Key, attribute: str) -> None:
        if changed.kind == ORDER_OF_COLUMNS:
            changed = next(one for one in self.after.objects if _is_ordered(one, changed))
            attribute = _ATTRIBUTES if changed.kind == "composite type" else attribute
        if changed.kind == "attribute" and attribute in ("type", "collation"):
            type_ = self.before.objects[changed].parents[-1]
            if self._has_columns(type_):
                changed, attribute = type_, _ATTRIBUTES
        old, new = self.before.objects.get(changed), self.after.objects.get(changed)
        if not is_recreated(attribute, old=old, new=new, major=self.after.catalog.major):
            self.altered.setdefault(changed, []).append(attribute)
        elif changed.kind in TYPES and self._has_columns(changed):
            found = self.altered.setdefault(changed, [])
            found += (attribute,) if attribute not in found else ()
            self.replaced.add(changed)
        else:
            self._recreate(changed, is_rebuilt=False)

    def _has_columns(self, type_: Key) -> bool:
        """Return whether columns have the type, or one that is made of it."""
        return any(one.kind == "column" for one in self.before.dependents.get(type_, ())) or any(
            map(self._has_columns, self.before.made_of(type_))
        )

    def _recreate(self, one: Key, *, is_rebuilt: bool) -> None:
        self.dropped.setdefault(one, is_rebuilt)
        self.created.setdefault(one, is_rebuilt)

    def rebuild_dependents(self) -> None:
        """Add what depends on an object that goes away or is changed beneath its dependents."""
        pending = [*self.dropped, *self.altered]
        seen: set[Key] = set()
        while pending:
            one = pending.pop()
            if one in seen:
                continue
            seen.add(one)
            pending += [
                object_of(found)
                for found in self._affected(one)
                if not self._ends_dependency(found, one) and self._rebuild(found)
            ]

    def _affected(self, one: Key) -> Iterator[Key]:
        """Yield the dependents that cannot stay while the object is dropped or altered."""
        if one in self.dropped:
            for part in (one, *self.before.parts(one)):
                yield from self.before.dependents.get(part, ())
        elif one in self.replaced:
            for dependent in self.before.dependents.get(one, ()):
                if dependent.kind == "column":
                    yield from self._affected_by_type(dependent)
                elif dependent.kind != "attribute":
                    yield dependent
            yield from self.before.made_of(one)
        elif not {"type", "collation"}.isdisjoint(self.altered.get(one, ())):
            yield from self._affected_by_type(one)

    def _affected_by_type(self, column: Key) -> Iterator[Key]:
        """Yield the dependents that cannot stay while the type of the column changes."""
        for dependent in self.before.dependents.get(column, ()):
            if (
                dependent.kind not in _REBUILT_BY_POSTGRES
                or self._generates(dependent)
                or self._joins_retyped(dependent)
            ):
                yield dependent
        for inherited in self.before.inheriting.get(column, ()):
            yield from self._affected_by_type(inherited)

    def _joins_retyped(self, dependent: Key) -> bool:
        """Return whether it is a foreign key between columns that both get another type."""
        record = self.before.objects.get(dependent)
        if record is None or not (record.fact("definition") or "").startswith("FOREIGN KEY"):
            return False
        needs = self.before.needs[dependent]
        return sum("type" in self.altered.get(one, ()) for one in needs) > 1

    def _generates(self, dependent: Key) -> bool:
        return dependent.kind == DEFAULT and self.before.is_generated(
            key("column", dependent.identity)
        )

    def _ends_dependency(self, dependent: Key, one: Key) -> bool:
        """Return whether an alteration of the dependent ends its dependency on what goes away."""
        column = object_of(dependent)
        changed = set(self.altered.get(column, ()))
        if dependent.kind == DEFAULT:
            changed &= {"default"}
        return (
            one in self.dropped
            and one not in self.created
            and bool(changed)
            and one not in self.after.needs.get(dependent, ())
            and not self.before.is_generated(column)
        )

    def _rebuild(self, dependent: Key) -> bool:
        """Note that the dependent is dropped and created again; return whether that is new."""
        if dependent.kind == DEFAULT:
            column = key("column", dependent.identity)
            if self.before.is_generated(column):
                return self._rebuild(column)
            if (
                column not in self.dropped
                and self.before.outermost(column, among=self.dropped) == column
            ):
                self.without_default.add(column)
            return False
        if dependent in self.dropped or dependent not in self.before.objects:
            return False
        if self.before.outermost(dependent, among=self.dropped) != dependent:
            if dependent in self.after.objects and dependent not in self.created:
                self.created[dependent] = True
            return False
        if dependent not in self.after.objects:
            return False
        if dependent.kind in TYPES and self._has_columns(dependent):
            is_new = dependent not in self.replaced
            self.replaced.add(dependent)
            return is_new
        self.altered.pop(dependent, None)
        self._recreate(dependent, is_rebuilt=True)
        return True

    def actions(self) -> Iterator[Action]:
        """Yield the actions, in no particular order."""
        for one, is_rebuilt in self.dropped.items():
            if self._comes_with_type(one, self.before):
                continue
            if self.before.outermost(one, among=self.dropped) == one:
                record = self.before.objects[one]
                yield Action(verb="drop", record=record, is_rebuilt=is_rebuilt)
        for one, is_rebuilt in self.created.items():
            if self._comes_with_type(one, self.after):
                continue
            if not _is_created_with(one, self.after, created=self.created):
                record = self.after.objects[one]
                yield Action(verb="create", record=record, is_rebuilt=is_rebuilt)
        yield from self._alterations()

    def _alterations(self) -> Iterator[Action]:
        columns = {one: tuple(found) for one, found in self.altered.items()}
        for column in sorted(self.without_default):
            old, new = self.before.objects[column], self.after.objects[column]
            bare = old.with_fact("default", None)
            yield Action(verb="alter", record=bare, old=old, attributes=("default",))
            others = tuple(one for one in columns.get(column, ()) if one != "default")
            has_default = new.fact("default") is not None
            columns[column] = (*others, *("default",) * has_default)
        replaced: set[Key] = set()
        for one, attributes in columns.items():
            if self._comes_with_type(one, self.before) or one in replaced:
                continue
            if attributes and not self._is_within(one):
                types = self._replaced_with(one)
                replaced.update(types)
                yield self._alteration(one, attributes, types=types)

    def _alteration(
        self, one: Key, attributes: tuple[str, ...], *, types: tuple[Key, ...]
    ) -> Action:
        old = self.before.objects.get(one)
        record = self.after.objects.get(one) or replace(self.before.objects[one], facts=())
        is_bare = old is not None and one in self.without_default
        return Action(
            verb="alter",
            record=record,
            old=old.with_fact("default", None) if is_bare and old is not None else old,
            attributes=attributes,
            is_replaced=one in self.replaced,
            types=types,
            columns=tuple(column for type_ in types for column in self._converted(type_)),
        )

    def _replaced_with(self, one: Key) -> tuple[Key, ...]:
        """Return the types that are replaced together: each is made of another one, or another of it."""
        if one not in self.replaced:
            return ()
        made_of = {type_: self.before.made_of(type_) & self.replaced for type_ in self.replaced}
        found = {one}
        while more := {
            type_
            for type_, outer in made_of.items()
            if type_ not in found and (outer & found or any(type_ in made_of[f] for f in found))
        }:
            found |= more
        inner = {
            type_: sorted(other for other in found if type_ in made_of[other])
            for type_ in sorted(found)
        }
        return tuple(TopologicalSorter(inner).static_order())

    def _converted(self, one: Key) -> tuple[Key, ...]:
        """Return the columns of a type that is replaced, without those that are dropped."""
        return tuple(
            dependent
            for dependent in sorted(self.before.dependents.get(one, ()))
            if dependent.kind == "column"
            and dependent not in self.dropped
            and self.before.objects[dependent].origin is None
        )

    def _comes_with_type(self, one: Key, side: Side) -> bool:
        """Return whether it is an attribute of a type that is made a second time."""
        return one.kind == "attribute" and side.objects[one].parents[-1] in self.replaced

    def _is_within(self, one: Key) -> bool:
        """Return whether the object is created again, by itself or with an object that contains it."""
        return one in self.created or self.after.outermost(one, among=self.created) != one


def _is_ordered(one: Key, order: Key) -> bool:
    return one.identity == order.identity and one.kind in RELATIONS | TYPES


def _is_object(record: CatalogObject) -> bool:
    """Return whether an action creates or drops it: default privileges come last of all."""
    return not record.is_implicit or record.kind == DEFAULT_PRIVILEGES


def _is_created_with(one: Key, side: Side, *, created: Mapping[Key, bool]) -> bool:
    """Return whether creating another object of the plan creates this one."""
    record = side.objects[one]
    if record.origin is not None and record.origin in created and record.kind != "table":
        return True
    if record.kind in ("column", "attribute", "identity"):
        return any(parent in created for parent in record.parents)
    if record.kind == "sequence":
        return any(
            parent.kind == "column" and _is_created_within(parent, side, created)
            for parent in record.parents
        )
    return is_created_with_parent(record) and _is_created_within(record.parents[-1], side, created)


def _is_created_within(one: Key, side: Side, created: Mapping[Key, bool]) -> bool:
    return side.outermost(one, among=created) in created
