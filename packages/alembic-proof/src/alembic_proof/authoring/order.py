"""Put the actions of a plan in order: dependencies first, then what reads best.

`edges_of` says which action must run before which other one, `parts_in_cycles` what must be dropped by
itself because of that, and `in_order` chooses among the orders left.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

from alembic_proof.authoring.actions import Action, Actions
from alembic_proof.authoring.ddl import FOUNDATIONS, creation_order, sequence_of
from alembic_proof.authoring.ddl.reference import own_name, relation_of
from alembic_proof.authoring.definitions import listed_names
from alembic_proof.authoring.sides import RELATIONS, TYPES, Side, object_of
from alembic_proof.catalog import Catalog, Key, key
from alembic_proof.catalog.model import COLUMN_ORDER
from alembic_proof.catalog.snapshot import DEFAULT
from alembic_proof.sql import split_qualified_name, unquote_identifier

_NAMED = frozenset(
    {"table", "view", "materialized view", "foreign table", "sequence", "enum", "domain"}
    | {"composite type", "range", "function", "procedure", "aggregate"}
)
"""The kinds of objects that a body can name."""
_BARE_NAME = re.compile(r'"(?:[^"]|"")*"|[^"(]+')
_WORD = re.compile(r"\w+")
_INDEXED = ("PRIMARY KEY", "UNIQUE", "EXCLUDE")
"""The beginnings of the definitions of constraints that have an index of their name."""
_PARTS = frozenset({"policy", "rule", "trigger", "constraint", "index", "statistics", "column"})
"""The parts of tables and views that can be dropped by themselves, besides the defaults of columns."""


@dataclass(slots=True)
class Edges:
    """Which action must run before which other one."""

    first: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    """The numbers of the actions that must come first, by the number of the later one."""
    because: dict[tuple[int, int], set[Key | None]] = field(
        default_factory=lambda: defaultdict(set)
    )
    """The dependent objects that require an order."""

    def add(self, first: int, then: int, *, because: Key | None = None) -> None:
        """Let the action number `first` run before the action number `then`."""
        if first != then:
            self.first[then].add(first)
            self.because[first, then].add(because)


def in_order(actions: Actions, edges: Edges, *, after: Catalog) -> Actions:
    """Return the actions in order; those of one table stand together where that is possible.

    Columns are created in the order that their table has in `after`.
    """
    places = _column_places(actions, after)
    soft = _soft_edges(actions)
    waiting = set(range(len(actions)))
    done: list[Action] = []
    while waiting:
        ready = [one for one in waiting if edges.first[one].isdisjoint(waiting)]
        last = done[-1] if done else None
        chosen = min(
            ready or waiting,
            key=lambda one: (not soft[one].isdisjoint(waiting), *_rank(actions[one], last, places)),
        )
        waiting.discard(chosen)
        done.append(actions[chosen])
    return tuple(done)


def _column_places(actions: Iterable[Action], after: Catalog) -> Mapping[Key, int]:
    """Return the place of each column that is created, in its table."""
    created = [one for one in actions if one.verb == "create" and one.record.kind == "column"]
    places: dict[Key, int] = {}
    for table in {parent for one in created for parent in one.record.parents}:
        record = after.find(table)
        order = "" if record is None else record.fact(COLUMN_ORDER) or ""
        for place, name in enumerate(listed_names(order)):
            places[key("column", f"{table.identity}.{name}")] = place
    return places


def _rank(one: Action, last: Action | None, places: Mapping[Key, int]) -> tuple[object, ...]:
    """Return the sort key: drops, then the rest by kind, then drops of what others need."""
    kind, table = one.record.kind, relation_of(one.record)
    if one.verb == "drop":
        phase = 2 if kind in FOUNDATIONS else 0
        return phase, -creation_order(kind), one.key.identity
    is_near = last is not None and last.verb != "drop" and relation_of(last.record) == table
    place = places.get(one.key, 0)
    return 1, not is_near, creation_order(kind), one.verb == "create", place, one.key.identity


def _soft_edges(actions: Actions) -> dict[int, set[int]]:
    """Return the orders that PostgreSQL does not record, by the number of the later action.

    A routine with a body of text comes after what the body names, a new table after those that its
    foreign keys refer to. They are ignored where they close a cycle.
    """
    found: dict[int, set[int]] = defaultdict(set)
    arriving = {number: one for number, one in enumerate(actions) if one.verb != "drop"}
    names = {number: _name(one) for number, one in arriving.items() if one.record.kind in _NAMED}
    created = {
        one.key: number
        for number, one in arriving.items()
        if one.verb == "create" and one.record.kind == "table"
    }
    for number, one in arriving.items():
        definition = one.record.fact("definition") or ""
        if one.record.kind in ("function", "procedure"):
            words = set(_WORD.findall(definition))
            found[number] = {other for other, name in names.items() if name in words} - {number}
        elif one.record.kind == "constraint" and " REFERENCES " in definition:
            target = definition.partition(" REFERENCES ")[2].partition("(")[0]
            own = next((created[p] for p in one.record.parents if p in created), None)
            other = created.get(key("table", target))
            if own is not None and other is not None and own != other:
                found[own].add(other)
    return found


def _name(action: Action) -> str:
    """Return the bare name of the object, as it may occur in a body."""
    last = own_name(action.record)
    bare = _BARE_NAME.match(last)
    return unquote_identifier(bare[0] if bare else last)


@dataclass(frozen=True, slots=True)
class _Numbers:
    """The numbers of the actions by their objects."""

    drops: Mapping[Key, int]
    creates: Mapping[Key, int]
    alters: Mapping[Key, tuple[int, ...]]
    converts: Mapping[Key, int]
    """The actions that replace types, by the columns that they convert."""

    @classmethod
    def of(cls, actions: Actions) -> _Numbers:
        alters: dict[Key, tuple[int, ...]] = {}
        for number, one in enumerate(actions):
            for altered in one.types or (one.key,) if one.verb == "alter" else ():
                alters[altered] = (*alters.get(altered, ()), number)
        return cls(
            {one.key: number for number, one in enumerate(actions) if one.verb == "drop"},
            {one.key: number for number, one in enumerate(actions) if one.verb == "create"},
            alters,
            {column: number for number, one in enumerate(actions) for column in one.columns},
        )

    def conversions(self, column: Key) -> tuple[int, ...]:
        """Return the number of the action that converts the column; empty if there is none."""
        return (self.converts[column],) if column in self.converts else ()


def edges_of(actions: Actions, *, before: Side, after: Side) -> Edges:
    """Return which action must come before which other one."""
    edges, numbers = Edges(), _Numbers.of(actions)
    _add_edges_of_drops(edges, before, actions, numbers)
    _add_edges_of_creations(edges, after, numbers)
    _add_edges_of_names(edges, before, after, numbers)
    _add_edges_of_rebuilding(edges, before, numbers)
    for several in numbers.alters.values():
        for first, second in pairwise(several):
            edges.add(first, second)
    return edges


def parts_in_cycles(actions: Actions, edges: Edges, *, before: Side) -> Actions:
    """Return actions that drop parts of objects, without which the drops of these wait for one another.

    A policy may read a view over its own table, and two tables may refer to each other. A column, with
    its values, is the last choice.
    """
    found: dict[Key, Action] = {}
    while cycle := _find_cycle(edges, without=found.keys()):
        candidates = [
            parts
            for first, then in pairwise(cycle)
            if actions[first].verb == "drop"
            and (parts := _parts(edges.because[first, then], actions[first], before))
        ]
        if not candidates:
            break
        least = min(candidates, key=_drops_column)
        found |= least
    return tuple(found.values())


def _drops_column(parts: Mapping[Key, Action]) -> bool:
    return any(one.verb == "drop" and one.record.kind == "column" for one in parts.values())


def _find_cycle(edges: Edges, *, without: Set[Key]) -> list[int]:
    """Return actions each of which must run before the next one, and the last one before the first.

    :param without: the dependent objects that no longer require an order.
    """
    graph = {
        then: [one for one in sorted(first) if edges.because[one, then] - without]
        for then, first in sorted(edges.first.items())
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        cycle: list[int] = error.args[1]
        return cycle
    return []


def _parts(reasons: Iterable[Key | None], whole: Action, before: Side) -> dict[Key, Action]:
    """Return an action for each reason that drops it by itself; none unless all can be dropped so."""
    drops = {one: _drop_part(one, before) for one in reasons if one is not None}
    found = {one: drop for one, drop in drops.items() if drop is not None and one != whole.key}
    return dict(sorted(found.items())) if len(found) == len([*reasons]) else {}


def _drop_part(part: Key, before: Side) -> Action | None:
    """Return the action that drops the part of an object by itself; None if nothing can."""
    record = before.objects.get(object_of(part))
    if record is None or record.is_implicit or record.origin is not None:
        return None
    if part.kind == DEFAULT and not before.is_generated(record.key):
        bare = record.with_fact("default", None)
        return Action(verb="alter", record=bare, old=record, attributes=("default",))
    is_part = record.kind in _PARTS and record.parents[-1].kind in ("table", "view")
    return Action(verb="drop", record=record) if is_part else None


def _add_edges_of_drops(edges: Edges, side: Side, actions: Actions, numbers: _Numbers) -> None:
    """Let dependents be dropped, or let go, before what they depend on is dropped or altered."""
    for dependent, needs in side.needs.items():
        first = _removing_action(dependent, side, actions, numbers)
        if first is None:
            continue
        for needed in needs:
            whole = side.nearest(needed, among=numbers.drops)
            if whole is not None:
                edges.add(first, numbers.drops[whole], because=dependent)
                continue
            for alter in (*numbers.alters.get(needed, ()), *numbers.conversions(needed)):
                if _is_removal(actions[first]):
                    edges.add(first, alter, because=dependent)


def _is_removal(action: Action) -> bool:
    """Return whether nothing of the object, or of the column's default, is left after the action."""
    return action.verb == "drop" or (
        action.attributes == ("default",) and action.record.fact("default") is None
    )


def _removing_action(one: Key, side: Side, actions: Actions, numbers: _Numbers) -> int | None:
    """Return the action after which the object, or its old form, no longer depends on anything."""
    for number in numbers.alters.get(object_of(one), ())[:1]:
        attributes = actions[number].attributes
        if one.kind != DEFAULT or not {"default", "generated"}.isdisjoint(attributes):
            return number
    whole = side.nearest(one, among=numbers.drops)
    return None if whole is None else numbers.drops[whole]


def _add_edges_of_creations(edges: Edges, side: Side, numbers: _Numbers) -> None:
    """Let objects be created or altered after what they then depend on."""
    for dependent, needs in side.needs.items():
        last = _completing_action(dependent, side, numbers)
        for needed in needs if last is not None else ():
            first = _completing_action(needed, side, numbers)
            if first is not None and last is not None:
                edges.add(first, last, because=dependent)


def _completing_action(one: Key, side: Side, numbers: _Numbers) -> int | None:
    """Return the action after which the object has its new form; None if nothing changes."""
    created = side.nearest(one, among=numbers.creates)
    if created is not None:
        return numbers.creates[created]
    altered = object_of(one)
    last = (*numbers.conversions(altered), *numbers.alters.get(altered, ()))[-1:]
    return last[0] if last else None


def _add_edges_of_names(edges: Edges, before: Side, after: Side, numbers: _Numbers) -> None:
    """Let an object be dropped before another one takes its name."""
    taken: dict[str, list[int]] = defaultdict(list)
    for one, number in numbers.creates.items():
        for name in _names(one, after):
            taken[name].append(number)
    for one, number in numbers.drops.items():
        if one in numbers.creates:
            edges.add(number, numbers.creates[one])
        for name in _names(one, before):
            for create in taken.get(name, ()):
                edges.add(number, create)


def _add_edges_of_rebuilding(edges: Edges, before: Side, numbers: _Numbers) -> None:
    """Let what an object depended on be dropped before the object is created again.

    It would otherwise find the old one again: a function of that name with other arguments.
    """
    for dependent, needs in before.needs.items():
        again = numbers.creates.get(dependent)
        if again is None:
            again = next(iter(numbers.alters.get(object_of(dependent), ())[1:]), None)
        elif dependent not in numbers.drops:
            again = None
        for needed in needs if again is not None else ():
            if needed in numbers.drops and needed not in numbers.creates and again is not None:
                edges.add(numbers.drops[needed], again)


def _names(one: Key, side: Side) -> Iterator[str]:
    """Yield the names that the object and its parts take among the relations and types.

    A table's row type has its name. Source: catalog-pg-class, catalog-pg-type.
    """
    for part in (one, *side.parts(one)):
        record = side.objects.get(part)
        if record is None:
            continue
        if record.kind in RELATIONS | TYPES | {"index", "sequence"}:
            yield part.identity
        elif record.kind == "identity":
            yield sequence_of(record)
        elif (record.fact("definition") or "").startswith(_INDEXED):
            schema, _, name = split_qualified_name(part.identity)
            yield f"{schema}.{name}"
